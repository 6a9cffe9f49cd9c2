"""A contract to follow up after a death (R-70): /gestion/deces/…/contrats/…, done once, with its result in writing."""

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect
from sqlmodel import Session

from portal.beneficiary_words import RELATIONSHIP_LABELS
from portal.data.death_follow import ContractOutcome, NothingLeft, settle_contract
from portal.data.evidence import Action
from portal.death_words import CONTRACT_OUTCOMES, DONE_ALREADY, delay_words
from portal.forms import FieldError
from portal.pages.desk.death_forms import (
    NOTE,
    NOTHING,
    OUTCOME,
    act_errors,
    act_page,
    back_to,
    locked_death,
    sent_act,
)
from portal.pages.desk.deaths import ACTS, CONTRACT, DEATH, found_death
from portal.pages.desk.people import CONTRACT_KINDS
from portal.routing import async_action, page
from portal.web import PortalRequest

PATH = f"{DEATH}/contrats/{{contrat:str}}"


@page(PATH, name="desk.death.contract", guards=ACTS)
def contract_page(request: PortalRequest, deces: FromPath[str], contrat: FromPath[str]) -> Response[bytes]:
    return _form(request, request.db, deces, contrat, NOTHING, [])


@async_action(PATH, name="desk.death.contract.settle", guards=ACTS)
async def settle(request: PortalRequest, deces: FromPath[str], contrat: FromPath[str]) -> Response[bytes] | Redirect:
    sent = await sent_act(request)
    return await request.database.run_writing(_settle, request, deces, contrat, sent)


def _settle(request: PortalRequest, deces: str, contrat: str, sent: dict[str, str]) -> Response[bytes] | Redirect:
    with request.database.read() as db:
        if errors := act_errors(request, db, found_death(request, db, deces), sent, ContractOutcome):
            return _form(request, db, deces, contrat, sent, errors)
    try:
        _write(request, deces, contrat, sent)
    except NothingLeft:
        with request.database.read() as db:
            return _form(request, db, deces, contrat, sent, [FieldError(OUTCOME, DONE_ALREADY)])
    return back_to(request, deces)


def _write(request: PortalRequest, deces: str, contrat: str, sent: dict[str, str]) -> None:
    contract_id, outcome = request.revealed(CONTRACT, contrat), ContractOutcome(sent[OUTCOME])
    viewer, keyring = request.viewer, request.services.keyring
    with request.database.write() as db:
        death = locked_death(request, db, deces)
        settle_contract(db, viewer, keyring, death, contract_id, outcome, sent[NOTE], request.now)
        act, about = Action.DEATH_CONTRACT_FOLLOWED, death.object
        request.record(db, act, about, acting_for=death.person_id, result=outcome, contract=contract_id)


def _form(
    request: PortalRequest, db: Session, deces: str, contrat: str, sent: dict[str, str], errors: list[FieldError]
) -> Response[bytes]:
    sheet, contract_id = found_death(request, db, deces), request.revealed(CONTRACT, contrat)
    found = next((each for each in sheet.contracts if each.contract.id == contract_id), None)
    if found is None:
        raise NotFoundException
    return act_page(
        request,
        db,
        sheet,
        deces,
        "contract.html",
        f"Suivre le contrat {found.contract.number}",
        sent,
        errors,
        contrat=contrat,
        found=found,
        delays=delay_words(found),
        kind=CONTRACT_KINDS.get(found.contract.kind, found.contract.kind),
        relationships=RELATIONSHIP_LABELS,
        outcomes=[(outcome.value, *CONTRACT_OUTCOMES[outcome]) for outcome in ContractOutcome],
        told=sheet.told.get(found.act.id or 0) if found.act else None,
    )


HANDLERS = [contract_page, settle]
