"""Fragments about beneficiaries: what a choice asks for, a draft's form and a correction edited in place."""

from litestar import Response
from litestar.params import FromPath

from portal.data.evidence import Action
from portal.pages.member import beneficiary_persons as persons
from portal.pages.member.beneficiaries import CHANGES, guide_choice, guide_context
from portal.pages.member.beneficiary_forms import Read
from portal.pages.member.beneficiary_requests import kept, note
from portal.pages.member.beneficiary_views import found_change, request_context, request_url
from portal.rendering import render_fragment
from portal.routing import async_action, fragment
from portal.web import PortalRequest

CORRECTION = "member/beneficiaries/correction.html"


@fragment("/fragments/adherent/beneficiaires/ajout", name="member.beneficiary.guide.fragment", guards=CHANGES)
def guide(request: PortalRequest) -> Response[bytes]:
    choice = guide_choice(request)
    chosen = {"lien": choice.relationship, "motif": choice.reason}
    query = {name: value.value for name, value in chosen.items() if value}
    return render_fragment(
        request,
        "member/beneficiaries/guide.html",
        page_url=request.services.urls("member.beneficiary.guide", query),
        errors={},
        **guide_context(request, request.db, choice),
    )


@fragment(
    "/fragments/adherent/beneficiaires/demandes/{case:str}", name="member.beneficiary.request.fragment", guards=CHANGES
)
def edit(request: PortalRequest, case: FromPath[str]) -> Response[bytes]:
    change = found_change(request, request.db, case)
    note(request, change)
    is_editing = "modifier" in request.query_params
    return render_fragment(
        request,
        "member/beneficiaries/request.html",
        page_url=request_url(request, change, is_editing=is_editing),
        **request_context(request, request.db, change, is_editing=is_editing),
    )


@async_action(
    "/fragments/adherent/beneficiaires/demandes/{case:str}", name="member.beneficiary.save.fragment", guards=CHANGES
)
async def save(request: PortalRequest, case: FromPath[str]) -> Response[bytes]:
    read = await kept(request, case)
    return await request.database.run(_saved, request, case, read)


@fragment(
    "/fragments/adherent/beneficiaires/personnes/{person:str}/correction",
    name="member.beneficiary.edit.fragment",
    guards=CHANGES,
)
def correction(request: PortalRequest, person: FromPath[str]) -> Response[bytes]:
    covered = persons.found(request, request.db, person, persons.CHANGED)
    request.note_read(Action.BENEFICIARIES_READ, "personne", persons=[covered.cover.person_id])
    context = persons.form_context(request, request.db, person, persons.CHANGED, persons.stored(covered))
    return render_fragment(request, CORRECTION, is_fresh=True, **context)


@async_action(
    "/fragments/adherent/beneficiaires/personnes/{person:str}/correction",
    name="member.beneficiary.correct.fragment",
    guards=CHANGES,
)
async def correct(request: PortalRequest, person: FromPath[str]) -> Response[bytes]:
    read, target = await persons.started(request, person, persons.CHANGED)
    if target:  # the draft has a page of its own, where the pieces are asked for
        return Response(b"", media_type="text/html", headers={"HX-Redirect": target})
    return await request.database.run(_correction, request, person, read)


def _saved(request: PortalRequest, case: str, read: Read) -> Response[bytes]:
    with request.database.read() as db:
        change = found_change(request, db, case)
        return render_fragment(
            request,
            "member/beneficiaries/request.html",
            status=422 if read.errors else 200,
            page_url=None if read.errors else request_url(request, change),
            **request_context(request, db, change, read=read if read.errors else None),
        )


def _correction(request: PortalRequest, person: str, read: Read) -> Response[bytes]:
    with request.database.read() as db:
        context = persons.form_context(request, db, person, persons.CHANGED, read)
    return render_fragment(request, CORRECTION, status=422, is_fresh=True, **context)
