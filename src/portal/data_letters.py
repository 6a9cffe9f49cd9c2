"""Letters on paper about requests on data, as they are posted (R-70): what each says, and its PDF.

They answer whoever wrote to the insurer: the person, or somebody on the person's behalf, whom they call by the name on
the letter that came. Nothing is in them that an agent did not write, but the request's own dates.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.complaint_documents import LONGEST_RUN, paragraphs
from portal.data.cases import Case, CaseState
from portal.data.data_right_rules import DataRight, clock_of
from portal.data.data_rights import DataRequest
from portal.data.persons import Person
from portal.data.postal_letters import LetterKind, PostalLetter
from portal.data.received_requests import Asker, Channel, ReceivedRequest, Sender, sender_of
from portal.data.request_reception import EXPORTED
from portal.data_right_words import RIGHT_LABELS
from portal.documents import breakable, typeset
from portal.formatting import day_in_france, long_date
from portal.insurer import Insurer
from portal.security import Keyring

SOURCE = "data-right-letter.typ"
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
LETTER_LABELS: Mapping[LetterKind, str] = {
    LetterKind.RECEIVED: "Accusé de réception",
    LetterKind.IDENTITY: "Demande d’une preuve d’identité",
    LetterKind.PIECE: "Document à renvoyer",
    LetterKind.EXTENDED: "Délai prolongé",
    LetterKind.REMINDED: "Rappel de ce qui manque",
    LetterKind.DECIDED: "Réponse",
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


def letter_title(letter: PostalLetter) -> str:
    """How a letter begins."""
    return _TITLES[LetterKind(letter.kind)]


def letter_text(about: Correspondence, letter: PostalLetter, keyring: Keyring, insurer: Insurer) -> list[str]:
    """What a letter says, by paragraphs."""
    words = paragraphs(keyring.decrypt(letter.words_encrypted)) if letter.words_encrypted else []
    body = {
        LetterKind.RECEIVED: _received,
        LetterKind.IDENTITY: _asked,
        LetterKind.PIECE: _asked,
        LetterKind.REMINDED: _asked,
        LetterKind.EXTENDED: _extended,
        LetterKind.DECIDED: _decided,
    }[LetterKind(letter.kind)]
    return ["Madame, Monsieur,", *body(about, words, insurer), "Le délégué à la protection des données"]


def letter_pdf(about: Correspondence, letter: PostalLetter, keyring: Keyring, insurer: Insurer) -> bytes:
    """The PDF/UA-1 of a letter, dated of the day on which it was written: always the same bytes. Slow: off the event
    loop."""
    data: dict[str, Any] = {
        "title": letter_title(letter),
        "reference": f"demande {about.case.reference}",
        "insurer": insurer.model_dump(),
        "to": [breakable(line, LONGEST_RUN) for line in _address(about.sender)],
        "day": long_date(day_in_france(letter.written_at)),
        "facts": [
            ("Référence", about.case.reference, False),
            ("Droit", RIGHT_LABELS[about.right], False),
            ("Reçue", f"{CHANNEL_LABELS[Channel(about.received.channel)]}, le {_received_on(about)}", False),
        ],
        "paragraphs": letter_text(about, letter, keyring, insurer),
    }
    return typeset(SOURCE, data, letter.written_at)


def correspondence_of(
    case: Case, row: DataRequest, received: ReceivedRequest, person: Person, keyring: Keyring
) -> Correspondence:
    """What the letters about a request are made of."""
    return Correspondence(case, row, received, person, sender_of(keyring, received))


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


def _address(sender: Sender) -> list[str]:
    return [line for line in (sender.name, *sender.address.splitlines()) if line.strip()]
