"""Checking a card's code, for whoever holds the card: whether it still holds, and next to nothing else. /carte/verifier

No name is told: initials and validity. Checks are limited by network, and each one that finds a card leaves its trace
in the journal of the persons concerned.
"""

from litestar import Response

from portal.card_matrix import code_in
from portal.card_words import VERDICT_WORDS
from portal.data.card_codes import CodeCheck, CodeVerdict, check_code
from portal.data.evidence import Action, Outcome
from portal.data.throttling import CARD_CHECKS, allow
from portal.entry.authentication import network_of
from portal.formatting import today
from portal.forms import FieldError, single_values
from portal.permissions import public
from portal.rendering import render_page
from portal.routing import async_action, page
from portal.visits import visit_cookies
from portal.web import PortalRequest

TITLE = "Vérifier une carte de tiers payant"
FIELD = "code"
LONGEST = 200
EMPTY = "Saisissez le code de vérification imprimé sur la carte, ou lisez son DataMatrix."
TOO_OFTEN = "Trop de codes vérifiés en peu de temps. Réessayez dans une heure, ou appelez-nous."


@page("/carte/verifier", name="card.check", guards=[public])
def check_page(request: PortalRequest) -> Response[bytes]:
    return _page(request)


@async_action("/carte/verifier", name="card.check.submit", guards=[public])
async def check(request: PortalRequest) -> Response[bytes]:
    typed = single_values(await request.form(), (FIELD,), longest=LONGEST)[FIELD].strip()
    if not typed:
        return await request.database.run(_page, request, typed, EMPTY)
    answer = await request.database.run_writing(_check, request, code_in(typed))
    problem = "" if answer else TOO_OFTEN
    return await request.database.run(_page, request, typed, problem, answer)


def _check(request: PortalRequest, code: str) -> CodeCheck | None:
    """What the check tells; None when this network has checked too often."""
    keyring = request.services.keyring
    network = keyring.lookup(network_of(request.client_address))
    with request.database.write() as db:
        if not allow(db, [(CARD_CHECKS, network)], request.now):
            return None
        answer = check_code(db, keyring, code, today())
        found = answer.verdict is CodeVerdict.VALID
        request.record_of(
            request.signed_in,
            db,
            Action.CARD_VERIFIED,
            answer.contract_number,
            Outcome.OK if found else Outcome.REFUSED,
            reason=answer.verdict.value,
            persons=sorted(answer.concerned),
        )
    return answer


def _page(
    request: PortalRequest, typed: str = "", problem: str = "", answer: CodeCheck | None = None
) -> Response[bytes]:
    return render_page(
        request,
        "public/card_check/index.html",
        TITLE,
        errors=[FieldError(FIELD, problem)] if problem else [],
        cookies=visit_cookies(request),
        typed=typed if problem or (answer and answer.verdict is CodeVerdict.UNKNOWN) else "",
        answer=answer,
        words=VERDICT_WORDS[answer.verdict] if answer else None,
        day=today(),
    )
