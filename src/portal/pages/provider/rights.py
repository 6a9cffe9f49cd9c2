"""A health professional checks one person's rights, and gets what the card prints: /professionnel/droits (R-42, R-62).

The question is posted; the answer stands at an opaque address, where the practice finds it again.
"""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from sqlalchemy.exc import NoResultFound
from sqlmodel import Session

from portal.beneficiary_words import RELATIONSHIP_LABELS
from portal.card_matrix import LAYOUT
from portal.card_words import BLOCK_LABELS, STATUS_WORDS
from portal.data.contact import topics_for
from portal.data.evidence import Action, Outcome
from portal.data.messages import Topic
from portal.data.rights import RightsStatus
from portal.data.rights_checks import (
    ChecksFrozen,
    FreezeDue,
    Made,
    PastCheck,
    ProofNeeded,
    Sent,
    TooManyChecks,
    check_rights,
    find_check,
    needs_proof,
)
from portal.data.rights_freezes import freeze_state
from portal.data.rights_patterns import MISSES
from portal.data.rights_questions import MarksNeeded, Means, Question
from portal.data.sessions import Viewer
from portal.entry.arrivals import browser_marks
from portal.formatting import long_date
from portal.forms import FieldError
from portal.headers import scanning_headers
from portal.pages.provider.rights_forms import FIELDS, LONGEST, SEVERAL, RightsForm, empty_values
from portal.pages.provider.rights_frozen import frozen_page
from portal.permissions import ConfirmationDue, Permission, has_just_confirmed, requires
from portal.rendering import Crumb, render_page
from portal.rights_freezing import freeze_rights
from portal.rights_words import ADVICE, MEANS_LABELS, engagement_words, told_value
from portal.routing import async_action, page
from portal.typed_forms import PARAMETER, keeps_typed, open_typed, way_back
from portal.web import PortalRequest

TITLE, PATH, KIND = "Vérifier des droits", "/professionnel/droits", "rights-check"
CHECKS, ANSWERS = [requires(Permission.RIGHTS_CHECK)], [requires(Permission.RIGHTS_ANSWERS)]
TOO_OFTEN = (
    "Trop de vérifications, ou trop de saisies sans résultat, en peu de temps. Rien n’a été cherché. "
    "Attendez quelques minutes\u00a0; si un patient attend, appelez-nous."
)
# Whoever asked sees the answer at once: that is the check itself, not another reading of the person's data.
AT_ONCE = timedelta(minutes=5)


@page(PATH, name="provider.rights", guards=CHECKS)
def form_page(request: PortalRequest, saisie: FromQuery[str] = "") -> Response[bytes]:
    """What is unusual is proven before the form is filled in; what was typed before that comes back (`saisie`)."""
    typed = open_typed(request, "provider.rights", FIELDS, saisie)
    frozen = freeze_state(request.db, request.viewer).freeze
    if frozen is not None:
        return frozen_page(request, frozen, typed)
    if needs_proof(request.db, request.viewer, request.now, _sent(request)):
        raise ConfirmationDue
    return rights_form(request, typed or empty_values(), [])


@async_action(
    PATH,
    name="provider.rights.check",
    guards=CHECKS,
    opt={"keep_typed": keeps_typed("provider.rights", FIELDS, LONGEST)},
)
async def check(request: PortalRequest) -> Response[bytes] | Redirect:
    form = RightsForm(await request.form())
    if form.question is None:
        return await request.database.run(rights_form, request, form.values, form.errors)
    try:
        target = await request.database.run_writing(_check, request, form.question, form.values)
    except MarksNeeded:
        return await request.database.run(rights_form, request, form.values, [FieldError("naissance", SEVERAL)])
    except TooManyChecks:
        return await request.database.run(rights_form, request, form.values, [FieldError("numero", TOO_OFTEN)])
    return Redirect(target, status_code=303)


@page(f"{PATH}/reponses/{{check:str}}", name="provider.rights.answer", guards=ANSWERS)
def answer_page(request: PortalRequest, check: FromPath[str], saisie: FromQuery[str] = "") -> Response[bytes]:
    """`saisie`: what was typed for an answer that found nobody, to be corrected."""
    past = find_check(request.db, request.viewer, request.services.keyring, request.revealed(KIND, check))
    if past is None:
        raise NotFoundException
    request.note_read(Action.RIGHTS_CHECK_READ, past.check.engagement, persons=_readers_of(request, past))
    return render_page(
        request,
        "provider/rights/answer.html",
        f"Réponse pour des soins du {long_date(past.answer.day)}",
        crumbs=rights_crumbs(request),
        past=past,
        opaque=check,
        answer=past.answer,
        number=engagement_words(past.check.engagement),
        means=MEANS_LABELS[Means(past.check.means)],
        advice=ADVICE[past.answer.status],
        is_miss=past.answer.status in MISSES,
        again={PARAMETER: saisie} if open_typed(request, "provider.rights", FIELDS, saisie) else None,
        block_labels=BLOCK_LABELS,
        statuses=STATUS_WORDS,
        relationships=RELATIONSHIP_LABELS,
        value_words=told_value,
        may_check=request.services.site.is_permitted(request.viewer, "provider.rights"),
        may_ask=Topic.RIGHTS in topics_for(request.viewer),
    )


def rights_crumbs(request: PortalRequest) -> list[Crumb]:
    """Where the pages of rights stand."""
    crumbs = [Crumb("Accueil", request.services.urls("provider.home"))]
    if request.services.site.is_permitted(request.viewer, "provider.rights"):
        crumbs.append(Crumb(TITLE, request.services.urls("provider.rights")))
    return crumbs


def record_check(request: PortalRequest, db: Session, viewer: Viewer, made: Made, **details: Any) -> None:
    """The evidence of a check: who asked, about whom, what was answered."""
    check = made.check
    request.record_of(
        viewer,
        db,
        Action.RIGHTS_CHECKED,
        check.engagement,
        Outcome.OK if check.status == RightsStatus.OPEN else Outcome.REFUSED,
        reason=check.status,
        persons=[check.person_id] if check.person_id is not None else [],
        answer=made.digest,
        **details,
    )


def rights_form(
    request: PortalRequest, values: dict[str, str], errors: list[FieldError], scanned: str = ""
) -> Response[bytes]:
    """The form, which may use the camera. `scanned`: the member number that a photo of the card has just filled in."""
    answer = render_page(
        request,
        "provider/rights/index.html",
        TITLE,
        crumbs=rights_crumbs(request)[:1],
        errors=errors,
        values=values,
        scanned=scanned,
        layout=LAYOUT,
    )
    answer.headers.update(scanning_headers())
    return answer


def _readers_of(request: PortalRequest, past: PastCheck) -> list[int]:
    """Whose journal tells that the answer was read again."""
    is_fresh = past.check.asked_by == request.viewer.account_id and request.now - past.check.asked_at < AT_ONCE
    return [past.check.person_id] if past.check.person_id is not None and not is_fresh else []


def _check(request: PortalRequest, question: Question, values: dict[str, str]) -> str:
    """Answers, keeps the answer, records the act; where the user goes on: to the answer, or back to the form's page."""
    keyring, viewer, now = request.services.keyring, request.viewer, request.now
    back = way_back(request, viewer.account_id, "provider.rights", values)
    with request.database.write() as db:
        try:
            made = check_rights(db, viewer, keyring, question, now, _sent(request, values["formulaire"]))
        except NoResultFound as error:
            raise NotFoundException from error
        except ProofNeeded as error:
            request.come_back_to(back)
            raise ConfirmationDue from error
        except ChecksFrozen:
            return back
        except FreezeDue as due:
            freeze_rights(request, db, viewer, due.seen)
            return back
        if not made.is_again:
            record_check(request, db, viewer, made)
        (opaque,) = keyring.conceal(KIND, [made.check.id or 0])
        # Whoever mistyped one mark corrects that one: the form comes back as it was sent.
        typed = dict(parse_qsl(urlsplit(back).query)) if made.check.status in MISSES else None
        return request.services.urls("provider.rights.answer", typed, check=opaque)


def _sent(request: PortalRequest, form: str = "") -> Sent:
    viewer = request.viewer
    marks = browser_marks(request, viewer.account_id)
    return Sent(form, marks, is_proven=has_just_confirmed(viewer, request.now))


HANDLERS = [form_page, check, answer_page]
