"""Accepting the terms of use, or not, and the proof: /conditions/acceptation, /compte/conditions (R-14 to R-16)."""

from collections.abc import Mapping, Sequence

from anyio import to_thread
from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from sqlmodel import Session

from portal.data.acceptances import (
    NotInForce,
    Proof,
    accept_terms,
    acceptances_of,
    declarable,
    last_accepted,
    proof_of_acceptance,
)
from portal.data.evidence import Action
from portal.data.terms import TermsVersion, terms_in_force
from portal.formatting import day_in_france
from portal.forms import FieldError, single_values
from portal.legal_text import read_text
from portal.pages.account.own import account_crumbs
from portal.pages.account.terms import changes_between, file_answer, number_of, typesetting
from portal.pages.account.terms_form import FIELDS, OUTDATED, Declaration, blank, choices_of, read_declaration
from portal.permissions import Permission, requires
from portal.rendering import render_page
from portal.routing import action, async_action, async_page, local_path, page
from portal.terms_documents import CAPACITY_LABELS, proof_pdf
from portal.web import PortalRequest

ACCEPTS = [requires(Permission.TERMS_ACCEPT)]
READS = [requires(Permission.ACCOUNT_READ)]
LONGEST_SENT = 1001


@page("/conditions/acceptation", name="terms.accept", guards=ACCEPTS)
def acceptance_page(request: PortalRequest, suite: FromQuery[str] = "") -> Response[bytes]:
    return _form(request, {"suite": suite})


@async_action("/conditions/acceptation", name="terms.accept.submit", guards=ACCEPTS)
async def accept(request: PortalRequest) -> Response[bytes] | Redirect:
    sent = single_values(await request.form(), (*FIELDS, "suite"), longest=LONGEST_SENT)
    return await request.database.run_writing(_accept, request, sent)


@action("/conditions/refus", name="terms.refuse", guards=ACCEPTS)
def refuse(request: PortalRequest) -> Redirect:
    with request.database.write() as db:
        terms = _due(db, request)
        if terms is not None:
            request.record(db, Action.TERMS_REFUSED, terms.proof)
    return Redirect(request.services.urls("terms.refused"), status_code=303)


@page("/conditions/refus", name="terms.refused", guards=ACCEPTS)
def refused_page(request: PortalRequest) -> Response[bytes]:
    return render_page(request, "account/terms/refused.html", "Sans votre accord", terms=_due(request.db, request))


@page("/compte/conditions", name="terms.mine", guards=READS)
def mine_page(request: PortalRequest) -> Response[bytes]:
    return render_page(
        request,
        "account/terms/mine.html",
        "Conditions acceptées",
        crumbs=account_crumbs(request),
        acceptances=acceptances_of(request.db, request.viewer),
        capacities=CAPACITY_LABELS,
    )


@async_page("/compte/conditions/{number:str}/preuve", name="terms.proof", guards=READS)
async def proof_file(request: PortalRequest, number: FromPath[str]) -> Response[bytes]:
    proof, terms = await request.database.run(_proof, request, number)
    insurer, url = request.services.settings.insurer, _text_url(request, terms)
    pdf = await to_thread.run_sync(proof_pdf, proof, terms, insurer, url, limiter=typesetting)
    request.note_read(Action.TERMS_PROOF_DOWNLOADED, terms.proof)
    return file_answer(pdf, "application/pdf", f"preuve-conditions-v{terms.number}.pdf")


def _accept(request: PortalRequest, sent: Mapping[str, str]) -> Response[bytes] | Redirect:
    """Judges the form and stores the acceptance in one transaction: what was read is what is in force."""
    errors: Sequence[FieldError] = []
    with request.database.write() as db:
        terms = _due(db, request)
        if terms is not None:
            who = declarable(db, request.viewer, day_in_france(request.now))
            declared, errors = read_declaration(sent, terms, who)
            if declared is not None:
                errors = _store(db, request, declared)
    if errors:
        return _form(request, sent, errors)
    return Redirect(local_path(sent["suite"]) or request.services.urls("start"), status_code=303)


def _store(db: Session, request: PortalRequest, declared: Declaration) -> Sequence[FieldError]:
    name = declared.representative_name
    try:
        terms = accept_terms(db, request.viewer, declared.version, declared.capacity, name, request.now)
    except NotInForce:
        return [FieldError("accepte", OUTDATED)]
    if terms is not None:
        request.record(db, Action.TERMS_ACCEPTED, terms.proof, capacity=declared.capacity, representative=name)
    return []


def _due(db: Session, request: PortalRequest) -> TermsVersion | None:
    """The version that the viewer has yet to accept."""
    terms, accepted = terms_in_force(db, request.now), last_accepted(db, request.viewer)
    return terms if terms and (accepted is None or accepted.number < terms.number) else None


def _form(request: PortalRequest, sent: Mapping[str, str], errors: Sequence[FieldError] = ()) -> Response[bytes]:
    terms = _due(request.db, request)
    suite = local_path(sent["suite"]) or ""
    if terms is None:
        return render_page(request, "account/terms/accepted.html", "Vous êtes à jour", suite=suite)
    who = declarable(request.db, request.viewer, day_in_france(request.now))
    # The box is never ticked beforehand, also after an error: it is the person's own act, on the text in force.
    raw = blank(who) | {name: sent[name] for name in ("qualite", "representant") if errors}
    accepted = last_accepted(request.db, request.viewer)
    return render_page(
        request,
        "account/terms/accept.html",
        "Nos conditions changent" if accepted else "Acceptez les conditions d’utilisation",
        errors=errors,
        terms=terms,
        legal=read_text(terms.text),
        choices=choices_of(who),
        raw=raw,
        suite=suite,
        **(changes_between(request.db, accepted, terms) if accepted else {"before": None}),
    )


def _proof(request: PortalRequest, number: str) -> tuple[Proof, TermsVersion]:
    found = proof_of_acceptance(request.db, request.viewer, number_of(number))
    if found is None:
        raise NotFoundException
    return found


def _text_url(request: PortalRequest, terms: TermsVersion) -> str:
    return request.services.settings.origin + request.services.urls("terms.markdown", number=str(terms.number))
