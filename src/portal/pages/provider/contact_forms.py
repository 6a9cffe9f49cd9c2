"""What the form of a question says, subject by subject, and what is wrong with it: numbers are the practice's own."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from litestar.datastructures import FormMultiDict
from sqlmodel import Session

from portal.contact_words import title_of
from portal.data.contact import MOST_INVOICES, Asked, Details, topics_for
from portal.data.contact_choices import invoices_named
from portal.data.message_references import Reference, ReferenceKind, linked
from portal.data.messages import Topic
from portal.data.sessions import Viewer
from portal.forms import FieldError, single_values, typed_day, written_text
from portal.message_words import LONGEST_SUBJECT, NO_SUBJECT, NO_TOPIC
from portal.pages.account.conversations import NO_TEXT, text_problem
from portal.security import Keyring

NAMES = ("sujet", "titre", "virement", "engagement", "logiciel", "erreur", "jour", "version")
INVOICE, CHOICE = "invoice", "choix"
LONGEST_NUMBER = 80
_NIR = re.compile(r"[12][0-9]{12,14}")
TITLED = frozenset({Topic.AGREEMENT, Topic.TERMS, Topic.ONLINE, Topic.OTHER})
NO_INVOICE = "Choisissez une facture, ou écrivez son numéro."
UNKNOWN_INVOICE = "Relisez dans Factures ce que nous n’avons pas trouvé parmi les vôtres\u00a0: "
MANY_INVOICES = f"Une question porte sur {MOST_INVOICES} factures au plus. Posez-en une autre pour les suivantes."
NO_TRANSFER = "Écrivez la référence du virement, telle que votre relevé bancaire ou la page Versements la donne."
UNKNOWN_TRANSFER = "Aucun virement reçu par votre structure ne porte cette référence. Relisez-la dans Versements."
NO_ENGAGEMENT = "Écrivez les 16 chiffres du numéro d’engagement\u00a0: la réponse que vous avez reçue les donne."
UNKNOWN_ENGAGEMENT = "Aucune vérification de votre structure ne porte ce numéro. Relisez-le dans Vérifications passées."
NO_PROGRAM = "Écrivez le nom de votre logiciel."
NO_DAY = "Ce jour n’existe pas. Écrivez-le comme 31/12/2026."
NIR_IN_TITLE = "Ce titre contient un numéro de sécurité sociale. Retirez-le\u00a0: un numéro de facture suffit."


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed (`raw`), the invoices ticked (`chosen`: opaque names), what it asks (None while something is
    wrong), and what is wrong."""

    raw: dict[str, str]
    chosen: tuple[str, ...] = ()
    asked: Asked | None = None
    errors: tuple[FieldError, ...] = ()

    @property
    def topic(self) -> Topic | None:
        return Topic(self.raw["sujet"]) if self.raw["sujet"] in set(Topic) else None


class _Form(NamedTuple):
    """What a subject's own fields are read from."""

    db: Session
    viewer: Viewer
    keyring: Keyring
    raw: dict[str, str]
    chosen: tuple[str, ...]


class _Read(NamedTuple):
    """What a subject's own fields say, and what is wrong with them."""

    references: tuple[Reference, ...] = ()
    details: Details = Details()
    errors: tuple[FieldError, ...] = ()


def blank(topic: Topic | None) -> dict[str, str]:
    """The form before anything is typed."""
    return dict.fromkeys((*NAMES, "factures", "message"), "") | {"sujet": topic or ""}


def read_question(db: Session, viewer: Viewer, keyring: Keyring, sent: FormMultiDict) -> Typed:
    """The form of a question. Numbers that name nothing of the viewer's practice are told, and the rest kept."""
    raw = single_values(sent, NAMES, longest=LONGEST_SUBJECT + 1)
    raw |= {"factures": written_text(sent, "factures"), "message": written_text(sent, "message")}
    chosen = tuple(each for each in sent.getall(CHOICE, []) if isinstance(each, str))[:MOST_INVOICES]
    topic = Topic(raw["sujet"]) if raw["sujet"] in topics_for(viewer) else None
    if topic is None:
        return Typed(raw, chosen, errors=(FieldError("sujet", NO_TOPIC),))
    read = _READERS.get(topic, _titled)(_Form(db, viewer, keyring, raw, chosen))
    errors = (*read.errors, *([FieldError("message", NO_TEXT)] if text_problem(raw["message"]) else []))
    if errors:
        return Typed(raw, chosen, errors=errors)
    title = title_of(topic, read.references, read.details, raw["titre"].strip())
    return Typed(raw, chosen, Asked(topic, title, raw["message"], read.references, read.details))


def typed_of(asked: Asked) -> dict[str, str]:
    """What a draft asks, as its form shows it."""
    numbers = {kind: [each.number for each in asked.references if each.kind is kind] for kind in ReferenceKind}
    return blank(asked.topic) | {
        "titre": asked.subject if asked.topic in TITLED else "",
        "factures": "\n".join(numbers[ReferenceKind.INVOICE]),
        "virement": "".join(numbers[ReferenceKind.TRANSFER]),
        "engagement": "".join(numbers[ReferenceKind.ENGAGEMENT]),
        "logiciel": asked.details.program,
        "erreur": asked.details.error,
        "jour": asked.details.day,
        "message": asked.text,
    }


def _invoices(form: _Form) -> _Read:
    ticked = [row_id for row_id in (form.keyring.reveal(INVOICE, name) for name in form.chosen) if row_id is not None]
    typed = [each.strip()[:LONGEST_NUMBER] for each in re.split(r"[\n,;]", form.raw["factures"]) if each.strip()]
    numbers = list(dict.fromkeys([*invoices_named(form.db, form.viewer, ticked), *typed]))
    if not numbers:
        return _wrong("factures", NO_INVOICE)
    if len(numbers) > MOST_INVOICES:
        return _wrong("factures", MANY_INVOICES)
    references = tuple(Reference(ReferenceKind.INVOICE, number) for number in numbers)
    unknown = [each.number for each in linked(form.db, form.viewer, references) if each.row_id is None]
    return _wrong("factures", UNKNOWN_INVOICE + ", ".join(unknown)) if unknown else _Read(references)


def _transfer(form: _Form) -> _Read:
    reference = Reference(ReferenceKind.TRANSFER, form.raw["virement"].strip())
    return _single(form, reference, ("virement", NO_TRANSFER, UNKNOWN_TRANSFER))


def _rights(form: _Form) -> _Read:
    reference = Reference(ReferenceKind.ENGAGEMENT, "".join(form.raw["engagement"].split()))
    return _single(form, reference, ("engagement", NO_ENGAGEMENT, UNKNOWN_ENGAGEMENT))


def _single(form: _Form, reference: Reference, told: tuple[str, str, str]) -> _Read:
    """`told`: the field, what is said when it is empty, and when the number names nothing."""
    name, missing, unknown = told
    if not reference.number:
        return _wrong(name, missing)
    return _Read((reference,)) if linked(form.db, form.viewer, [reference])[0].row_id else _wrong(name, unknown)


def _remote(form: _Form) -> _Read:
    raw = form.raw
    day = typed_day(raw["jour"]) if raw["jour"] else None
    checks = (
        ("logiciel", not raw["logiciel"].strip(), NO_PROGRAM),
        ("jour", bool(raw["jour"]) and day is None, NO_DAY),
    )
    errors = tuple(FieldError(name, message) for name, is_wrong, message in checks if is_wrong)
    details = Details(raw["logiciel"].strip(), raw["erreur"].strip(), day.isoformat() if day else "")
    return _Read(details=details, errors=errors)


def _titled(form: _Form) -> _Read:
    title = form.raw["titre"].strip()
    if not 0 < len(title) <= LONGEST_SUBJECT:
        return _wrong("titre", NO_SUBJECT)
    return _wrong("titre", NIR_IN_TITLE) if _NIR.search(re.sub(r"[\s.-]", "", title)) else _Read()


def _wrong(name: str, message: str) -> _Read:
    return _Read(errors=(FieldError(name, message),))


_READERS = {
    Topic.INVOICE: _invoices,
    Topic.TRANSFER: _transfer,
    Topic.RIGHTS: _rights,
    Topic.REMOTE: _remote,
}
