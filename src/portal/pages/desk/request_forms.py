"""What an agent types of a request on data that came on paper: what is wrong with it, and what it becomes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from litestar.datastructures import FormMultiDict

from portal.data.data_objections import Purpose
from portal.data.data_request_rows import PERSON_FIELDS
from portal.data.data_right_rules import DataRight
from portal.data.received_requests import Asker, Channel, Sender
from portal.data.request_reception import OLDEST, Reception
from portal.forms import FieldError, single_values, typed_day, written_text
from portal.pages.account.data_request_forms import VALUE, read_request

RIGHT, RECEIVED, CHANNEL, ASKER, NAME, ADDRESS = "droit", "recue", "canal", "demandeur", "expediteur", "adresse"
SEEN, FIELD, TEXT, REFUSED = "vue", "champ", "texte", "refus"
FIELDS = (RIGHT, RECEIVED, CHANNEL, ASKER, NAME, SEEN, REFUSED)
# A use that an objection is against, and whose reasons have to be weighed first.
OTHER_USE = "autre"
BLANK = dict.fromkeys((*FIELDS, ADDRESS, FIELD, VALUE, TEXT), "")
LONGEST_NAME, LONGEST_ADDRESS, MOST_LINES = 100, 300, 6

NO_RIGHT = "Choisissez le droit qui est demandé\u00a0: relisez la lettre, les mots du droit n’y sont pas toujours."
NO_DAY = "Donnez le jour où cette demande nous est arrivée, par exemple 31/12/2025\u00a0: le délai de la loi en part."
LATER = "Ce jour n’est pas encore passé. Donnez celui où la demande nous est arrivée."
TOO_OLD = "Ce jour remonte à plus d’un an. Vérifiez l’année."
NO_USE = "Dites quel usage est refusé\u00a0: le démarchage et le profilage cessent aussitôt."
NO_CHANNEL = "Dites comment la demande est arrivée."
NO_ASKER = "Dites qui demande."
NO_NAME = "Donnez le nom de qui a écrit\u00a0: la réponse lui est adressée."
NO_ADDRESS = "Donnez l’adresse postale de qui a écrit\u00a0: la réponse part par courrier."
LONG_ADDRESS = f"Une adresse tient en {MOST_LINES} lignes et {LONGEST_ADDRESS} caractères."
NOT_SEEN = "Une identité ne se voit qu’au guichet. Autrement, joignez la copie reçue à l’étape suivante."


@dataclass(frozen=True, slots=True)
class About:
    """Whom a request is about: the person, the name that a letter bears, the birth date with which a number must agree.
    `is_on_paper`: whether whoever asks is answered by a letter."""

    person_id: int
    name: str
    born: date
    is_on_paper: Callable[[Asker], bool]


def read_reception(
    sent: FormMultiDict, about: About, today: date
) -> tuple[dict[str, str], Reception | None, list[FieldError]]:
    """What the form says: as typed, checked, what is wrong."""
    raw = BLANK | single_values(sent, FIELDS, 200) | {ADDRESS: written_text(sent, ADDRESS)}
    right = next((each for each in DataRight if each == raw[RIGHT]), None)
    typed, wanted, wrong = read_request(sent, right or DataRight.ACCESS, PERSON_FIELDS, about.born, today)
    raw |= typed
    channel = next((each for each in Channel if each == raw[CHANNEL]), None)
    asker = next((each for each in Asker if each == raw[ASKER]), None)
    day, sender = typed_day(raw[RECEIVED]), _sender(raw, about, asker)
    refused = next((each for each in Purpose if each == raw[REFUSED]), None) if right is DataRight.OBJECTION else None
    errors = [
        *([] if right else [FieldError(RIGHT, NO_RIGHT)]),
        *_day_errors(day, today),
        *([] if channel else [FieldError(CHANNEL, NO_CHANNEL)]),
        *([] if asker else [FieldError(ASKER, NO_ASKER)]),
        *_sender_errors(sender, asker, about),
        *wrong,
        *_use_errors(right, raw[REFUSED]),
        *([FieldError(SEEN, NOT_SEEN)] if raw[SEEN] and channel and channel is not Channel.COUNTER else []),
    ]
    if errors or not (wanted and channel and asker and day):
        return raw, None, errors
    return raw, Reception(about.person_id, wanted, channel, asker, sender, day, raw[SEEN] == "1", refused), []


def _use_errors(right: DataRight | None, typed: str) -> list[FieldError]:
    is_told = right is not DataRight.OBJECTION or typed in {OTHER_USE, *Purpose}
    return [] if is_told else [FieldError(REFUSED, NO_USE)]


def _day_errors(day: date | None, today: date) -> list[FieldError]:
    if day is None:
        return [FieldError(RECEIVED, NO_DAY)]
    if day > today:
        return [FieldError(RECEIVED, LATER)]
    return [FieldError(RECEIVED, TOO_OLD)] if today - day > OLDEST else []


def _sender(raw: dict[str, str], about: About, asker: Asker | None) -> Sender:
    """Who wrote; the person, unless somebody else is named."""
    lines = (" ".join(line.split()) for line in raw[ADDRESS].splitlines())
    named = " ".join(raw[NAME].split())
    name = named or (about.name if asker is Asker.PERSON else "")
    return Sender(name[:LONGEST_NAME], "\n".join(line for line in lines if line))


def _sender_errors(sender: Sender, asker: Asker | None, about: About) -> list[FieldError]:
    if asker is None:
        return []
    errors = [] if sender.name else [FieldError(NAME, NO_NAME)]
    if not sender.address and about.is_on_paper(asker):
        errors.append(FieldError(ADDRESS, NO_ADDRESS))
    if len(sender.address) > LONGEST_ADDRESS or len(sender.address.splitlines()) > MOST_LINES:
        errors.append(FieldError(ADDRESS, LONG_ADDRESS))
    return errors
