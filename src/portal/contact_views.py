"""What a practice's thread is about, as its pages show it: numbers that lead to their rows, and who wrote (R-41)."""

from collections.abc import Sequence
from datetime import date

from sqlmodel import Session

from portal.contact_words import REFERENCE_LABELS, number_words
from portal.data.case_messages import Message
from portal.data.cases import Case
from portal.data.contact import Asked, Details
from portal.data.message_references import Linked, Reference, ReferenceKind, linked
from portal.data.team import user_names
from portal.formatting import long_date
from portal.web import PortalRequest

FORMER_USER = "Un ancien utilisateur"
# The route that shows what a number names, its parameter, and the kind of its opaque name.
_PAGES: dict[ReferenceKind, tuple[str, str, str]] = {
    ReferenceKind.INVOICE: ("provider.invoice", "invoice", "invoice"),
    ReferenceKind.TRANSFER: ("provider.transfer", "transfer", "transfer"),
    ReferenceKind.ENGAGEMENT: ("provider.rights.answer", "check", "rights-check"),
}

Fact = tuple[str, str] | tuple[str, str, tuple[str, str]]


def facts_of(request: PortalRequest, db: Session, asked: Asked) -> list[Fact]:
    """What a thread is about, for the macro `definitions`."""
    found = linked(db, request.viewer, asked.references)
    return [*(_fact(request, each) for each in found), *_details(asked.details)]


def other_authors(request: PortalRequest, db: Session, case: Case, messages: Sequence[Message]) -> dict[int, str]:
    """The names of the practice's other users who wrote, by account; nobody in a thread that is not shared."""
    written = {message.author_id for message in messages if message.author_id} - {request.viewer.account_id}
    names = user_names(db, request.viewer) if case.provider_id and written else {}
    return {account_id: names.get(account_id, FORMER_USER) for account_id in written}


def _fact(request: PortalRequest, each: Linked) -> Fact:
    label, says = REFERENCE_LABELS[each.kind]
    words = number_words(Reference(each.kind, each.number))
    route, parameter, kind = _PAGES[each.kind]
    if each.row_id is None or not request.services.site.is_permitted(request.viewer, route):
        return label, words
    opaque = request.services.keyring.conceal(kind, [each.row_id])[0]
    return label, words, (request.services.urls(route, None, **{parameter: opaque}), f"{says} {words}")


def _details(details: Details) -> list[Fact]:
    day = long_date(date.fromisoformat(details.day)) if details.day else ""
    shown = (("Logiciel", details.program), ("Message d’erreur", details.error), ("Jour de l’envoi", day))
    return [(label, words) for label, words in shown if words]
