"""Letters on paper about requests on data, as they are posted (R-70): what each says.

They answer whoever wrote to the insurer: the person, or somebody on the person's behalf, whom they call by the name on
the letter that came. Nothing is in them that an agent did not write, but the request's own dates.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from portal.complaint_documents import paragraphs
from portal.data.cases import Case, CaseKind, CaseState
from portal.data.data_request_rows import DataRequest, request_row
from portal.data.data_right_rules import DataRight, clock_of
from portal.data.persons import Person, find_person
from portal.data.postal_letters import LetterKind, LetterText
from portal.data.received_requests import Asker, Channel, ReceivedRequest, Sender, reception_of, sender_of
from portal.data.request_reception import EXPORTED
from portal.data_right_words import RIGHT_LABELS
from portal.formatting import day_in_france, long_date
from portal.insurer import Insurer
from portal.security import Keyring

CHANNEL_LABELS: Mapping[Channel, str] = {
    Channel.POST: "par courrier",
    Channel.EMAIL: "par e-mail",
    Channel.COUNTER: "au guichet",
}
ASKER_LABELS: Mapping[Asker, str] = {
    Asker.PERSON: "La personne elle-même",
    Asker.PARENT: "Un parent, pour son enfant mineur",
    Asker.GUARDIAN: "Un tuteur, ou la personne qui exerce la protection",
    Asker.MANDATARY: "Une personne qu’elle a mandatée (avocat, association, proche)",
    Asker.HEIR: "Un héritier, ou la personne désignée après le décès",
}
_TITLES: Mapping[LetterKind, str] = {
    LetterKind.RECEIVED: "Votre demande est bien arrivée",
    LetterKind.IDENTITY: "Une preuve d’identité nous manque",
    LetterKind.PIECE: "Un document est à renvoyer",
    LetterKind.EXTENDED: "Votre réponse prendra plus de temps",
    LetterKind.REMINDED: "Nous attendons encore un document",
    LetterKind.DECIDED: "Notre réponse à votre demande",
}
_DONE = {
    CaseState.ACCEPTED: "Nous avons fait ce que vous demandiez.",
    CaseState.PARTLY: "Nous avons fait une partie de ce que vous demandiez.",
    CaseState.REFUSED: "Nous ne pouvons pas faire ce que vous demandez. Voici pourquoi.",
}


@dataclass(frozen=True, slots=True)
class Correspondence:
    """What a letter is made of: a request that came on paper, and whom it is about."""

    case: Case
    row: DataRequest
    received: ReceivedRequest
    person: Person
    sender: Sender

    @property
    def right(self) -> DataRight:
        return DataRight(self.row.right)

    @property
    def answer_by(self) -> date:
        sent_at = self.case.sent_at or self.case.opened_at
        return clock_of(sent_at, is_extended=self.row.extended_at is not None).answer_by

    @property
    def whose(self) -> str:
        is_own = self.received.is_from_person
        return "vos données" if is_own else f"les données de {self.person.first_name} {self.person.last_name}"


def correspondence(db: Session, keyring: Keyring, case: Case) -> Correspondence | None:
    """What the letters about a request are made of; None for one that did not come on paper. The caller has found the
    case."""
    received = reception_of(db, case) if case.kind == CaseKind.DATA_RIGHT else None
    if received is None or case.person_id is None:
        return None
    person, sender = find_person(db, case.person_id), sender_of(keyring, received)
    return Correspondence(case, request_row(db, case), received, person, sender)


def request_letter(about: Correspondence, kind: LetterKind, words: str, insurer: Insurer) -> LetterText:
    """What a letter about a request says now; `words`: what an agent wrote for it."""
    body = {
        LetterKind.RECEIVED: _received,
        LetterKind.IDENTITY: _asked,
        LetterKind.PIECE: _asked,
        LetterKind.REMINDED: _asked,
        LetterKind.EXTENDED: _extended,
        LetterKind.DECIDED: _decided,
    }[kind]
    told = ("Madame, Monsieur,", *body(about, paragraphs(words), insurer), "Le délégué à la protection des données")
    return LetterText(_TITLES[kind], _address(about.sender), told, _facts(about))


def _facts(about: Correspondence) -> tuple[tuple[str, str], ...]:
    how = CHANNEL_LABELS[Channel(about.received.channel)]
    return (
        ("Référence", about.case.reference),
        ("Droit", RIGHT_LABELS[about.right]),
        ("Reçue", f"{how}, le {_received_on(about)}"),
    )


def _received(about: Correspondence, _: list[str], insurer: Insurer) -> list[str]:
    how = CHANNEL_LABELS[Channel(about.received.channel)]
    begun = f"Nous avons reçu le {_received_on(about)}, {how}, votre demande sur {about.whose}."
    proof = (
        "Avant de répondre, nous vérifions qui demande. Si votre envoi ne contenait pas la copie d’une pièce "
        f"d’identité, envoyez-la à {_where(insurer)}, en rappelant la référence. Nous la détruisons dès qu’elle est "
        "vérifiée."
    )
    return [begun, _by(about), *([] if about.row.identity_checked_at else [proof])]


def _asked(about: Correspondence, words: list[str], insurer: Insurer) -> list[str]:
    sending = (
        f"Envoyez ce document à {_where(insurer)}, en rappelant la référence {about.case.reference}. Une preuve "
        "d’identité est détruite dès qu’elle est vérifiée."
    )
    return [*words, sending, _by(about)]


def _extended(about: Correspondence, words: list[str], insurer: Insurer) -> list[str]:
    told = "Le règlement européen (article 12.3) permet de prolonger le délai de deux mois pour une demande complexe."
    return [*words, told, _by(about), _remedies(insurer)]


def _decided(about: Correspondence, words: list[str], _: Insurer) -> list[str]:
    is_granted = about.case.state in {CaseState.ACCEPTED, CaseState.PARTLY}
    joined = "Vous trouverez avec ce courrier la copie des données, à lire et à réutiliser."
    done = _DONE.get(CaseState(about.case.state), "")
    return [*([done] if done else []), *words, *([joined] if is_granted and about.right in EXPORTED else [])]


def _by(about: Correspondence) -> str:
    return f"Nous vous répondons au plus tard le {long_date(about.answer_by)}."


def _remedies(insurer: Insurer) -> str:
    return (
        f"Une question\u00a0? Écrivez au délégué à la protection des données, {_where(insurer)}. Vous pouvez aussi "
        "saisir la CNIL (cnil.fr) ou le tribunal judiciaire."
    )


def _where(insurer: Insurer) -> str:
    return f"{insurer.name}, {insurer.address}"


def _received_on(about: Correspondence) -> str:
    return long_date(day_in_france(about.case.sent_at or about.case.opened_at))


def _address(sender: Sender) -> tuple[str, ...]:
    return tuple(line for line in (sender.name, *sender.address.splitlines()) if line.strip())
