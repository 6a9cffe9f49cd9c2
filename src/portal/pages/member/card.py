"""The third-party-payment card on screen and on paper, and what a pharmacist would be told. /adherent/carte (R-25)."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from anyio import to_thread
from litestar import Response
from litestar.exceptions import NotFoundException

from portal.beneficiary_words import RELATIONSHIP_LABELS
from portal.card_documents import Printable, card_pdf, printable_card, relationship_words
from portal.card_words import BLOCK_LABELS, STATUS_WORDS, value_words
from portal.data.cards import Card, Wallet, wallet_on
from portal.data.evidence import Action
from portal.data.rights import RightsAnswer, rights_on
from portal.data.rights_answers import shown_answer
from portal.formatting import today
from portal.forms import FieldError, typed_day
from portal.headers import DOCUMENT_POLICY
from portal.permissions import Permission, requires
from portal.rendering import Crumb, render_page
from portal.routing import async_page, page
from portal.web import PortalRequest

TITLE = "Votre carte de tiers payant"
PHARMACIST = "Ce que voit mon pharmacien"
READS = [requires(Permission.CARD_READ)]
# Rights are looked at over the years in which statements can be read, and for the year to come.
BACK, AHEAD = timedelta(days=3 * 366), timedelta(days=366)
WRONG_DAY = "Cette date n’existe pas. Donnez un jour, comme 31/12/2026."
FAR_DAY = "Choisissez une date d’ici un an, ou des trois dernières années."
COVERED = "covered"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page was asked for: a day, the opaque name of a person (empty: everybody), and what is wrong with it."""

    day: date
    raw_day: str
    person: str
    errors: tuple[FieldError, ...] = ()


def read_asked(request: PortalRequest) -> Asked:
    """The day and the person of the query string; today when there is no day, or no good one."""
    raw, now = request.query_params.get("le", "")[:20], today()
    person = request.query_params.get("personne", "")[:30]
    day = typed_day(raw) if raw else now
    if day is None:
        return Asked(now, raw, person, (FieldError("le", WRONG_DAY),))
    if not now - BACK <= day <= now + AHEAD:
        return Asked(now, raw, person, (FieldError("le", FAR_DAY),))
    return Asked(day, day.isoformat(), person)


def person_asked(request: PortalRequest, wallet: Wallet, asked: Asked) -> int | None:
    """The id of the person asked for; None for everybody. Raises `NotFoundException` for one who is not shown here."""
    if not asked.person:
        return None
    person_id = request.services.keyring.reveal(COVERED, asked.person)
    if person_id not in wallet.persons:
        raise NotFoundException
    return person_id


def cards_of(wallet: Wallet, person_id: int | None) -> list[Card]:
    """The cards asked for: whole, or those of one person alone."""
    if person_id is None:
        return list(wallet.cards)
    return [own for card in wallet.cards if (own := card.only(person_id))]


def persons_on(cards: list[Card]) -> list[int]:
    """The ids of the persons whom these cards name."""
    return sorted({answer.cover.person_id for card in cards for answer in card.persons if answer.cover})


def card_context(request: PortalRequest, cards: list[Card]) -> dict[str, Any]:
    """What the card itself shows, wherever it stands."""
    return {
        "printables": [printable_card(card, request.services.keyring) for card in cards],
        "relationship": relationship_words,
        "value_words": value_words,
        "check_url": request.services.settings.origin + request.services.urls("card.check"),
    }


@page("/adherent/carte", name="member.card", guards=READS)
def card_page(request: PortalRequest) -> Response[bytes]:
    asked = read_asked(request)
    wallet = wallet_on(request.db, request.viewer, asked.day, today())
    person_id = person_asked(request, wallet, asked)
    cards = cards_of(wallet, person_id)
    request.note_read(Action.CARD_READ, _numbers(cards), persons=persons_on(cards), day=asked.day.isoformat())
    return render_page(
        request,
        "member/card/index.html",
        TITLE,
        crumbs=_home(request),
        errors=asked.errors,
        asked=asked,
        wallet=wallet,
        is_today=asked.day == today(),
        choices=person_choices(request, wallet),
        **card_context(request, cards),
    )


@async_page("/adherent/carte/pdf", name="member.card.pdf", guards=READS)
async def pdf_file(request: PortalRequest) -> Response[bytes]:
    printable = await request.database.run(_for_paper, request)
    insurer, origin = request.services.settings.insurer, request.services.settings.origin
    check_url = origin + request.services.urls("card.check")
    body = await to_thread.run_sync(card_pdf, printable, insurer, check_url, request.now)
    name = f"carte-{printable.card.cover.contract_number}-{printable.card.day.isoformat()}.pdf"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": DOCUMENT_POLICY,
    }
    return Response(body, media_type="application/pdf", headers=headers)


def _for_paper(request: PortalRequest) -> Printable:
    """One card: that of the contract asked for, or the first; of one person alone when the address names one."""
    asked = read_asked(request)
    wallet = wallet_on(request.db, request.viewer, asked.day, today())
    wanted = request.query_params.get("contrat", "")
    cards = cards_of(wallet, person_asked(request, wallet, asked))
    cards = [card for card in cards if wanted in {"", card.cover.contract_number}][:1]
    if asked.errors or not cards:
        raise NotFoundException
    request.note_read(Action.CARD_DOWNLOADED, _numbers(cards), persons=persons_on(cards), day=asked.day.isoformat())
    return printable_card(cards[0], request.services.keyring)


@page("/adherent/carte/pharmacien", name="member.card.pharmacist", guards=READS)
def pharmacist_page(request: PortalRequest) -> Response[bytes]:
    asked = read_asked(request)
    wallet = wallet_on(request.db, request.viewer, asked.day, today())
    person_id = person_asked(request, wallet, asked) or next(iter(wallet.persons), None)
    answer = _answer(request, wallet, person_id, asked.day)
    request.note_read(Action.RIGHTS_READ, persons=[person_id] if person_id else [], day=asked.day.isoformat())
    return render_page(
        request,
        "member/card/pharmacist.html",
        PHARMACIST,
        crumbs=[*_home(request), Crumb(TITLE, request.services.urls("member.card"))],
        errors=asked.errors,
        asked=asked,
        answer=shown_answer(answer) if answer else None,
        chosen=request.services.keyring.conceal(COVERED, [person_id])[0] if person_id else "",
        choices=person_choices(request, wallet),
        block_labels=BLOCK_LABELS,
        statuses=STATUS_WORDS,
        relationships=RELATIONSHIP_LABELS,
        value_words=value_words,
    )


def _answer(request: PortalRequest, wallet: Wallet, person_id: int | None, day: date) -> RightsAnswer | None:
    """What a professional would be told of this person, under the contracts by which the viewer knows them."""
    if person_id is None:
        return None
    known = {cover.contract_id for cover in wallet.covers if cover.person_id == person_id}
    return rights_on(request.db, person_id, day, contracts=known)


def person_choices(request: PortalRequest, wallet: Wallet) -> list[tuple[str, str]]:
    """Opaque name and first name of each person with a cover, for a list to choose from."""
    opaque = request.services.keyring.conceal(COVERED, wallet.persons)
    return list(zip(opaque, wallet.persons.values(), strict=True))


def _numbers(cards: list[Card]) -> str:
    return ", ".join(card.cover.contract_number for card in cards)


def _home(request: PortalRequest) -> list[Crumb]:
    return [Crumb("Accueil", request.services.urls("member.home"))]


HANDLERS = [card_page, pdf_file, pharmacist_page]
