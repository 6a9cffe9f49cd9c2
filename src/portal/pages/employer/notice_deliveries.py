"""Who was given a category's notice, when and how: the list, the form, the proof as CSV. (R-32, loi Évin, article 12)

/employeur/contrat/categories/<catégorie>/notices/<version>/remise
"""

from collections.abc import Sequence
from datetime import date
from typing import IO

from litestar import Response
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import Guard
from sqlmodel import Session

from portal.data.evidence import Action
from portal.data.notice_deliveries import (
    PAGE_SIZE,
    Means,
    Notice,
    Recipient,
    all_recipients,
    erase_deliveries,
    recipients,
    record_deliveries,
    tally_of,
)
from portal.downloads import FileDownload
from portal.formatting import day_in_france
from portal.forms import FieldError, single_values, typed_day
from portal.headers import DOCUMENT_POLICY
from portal.notice_documents import period_words
from portal.pages.employer.contract_category import NOTICE, found_notice
from portal.pages.employer.views import EMPLOYEE, employee_names, home_crumb
from portal.permissions import Permission, requires
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.spreadsheets import CSV_MEDIA_TYPE, Column, Kind, csv_stream
from portal.web import PortalRequest

READS: list[Guard] = [requires(Permission.EMPLOYEES_READ)]
CHANGES: list[Guard] = [requires(Permission.EMPLOYEES_CHANGE)]
PATH, TITLE = f"{NOTICE}/remise", "Remise de la notice d’information"
FIELDS = ("jour", "moyen", "qui", "geste")
ALL, CHOSEN, ERASE = "tous", "choisis", "effacer"
MEANS_LABELS = {
    Means.BY_HAND: "En main propre",
    Means.LETTER: "Par courrier",
    Means.EMAIL: "Par e-mail",
    Means.INTRANET: "Sur l’intranet, avec un avis à chacun",
}
NO_DAY = "Donnez le jour de la remise, comme 31/12/2025."
WRONG_DAY = "La remise ne peut être ni à venir, ni antérieure de plus d’un an au début de la version."
NO_MEANS = "Choisissez comment la notice a été remise."
NO_WHO = "Choisissez à qui la notice a été remise."
NOBODY = "Cochez au moins un salarié de la liste."
ALL_AND_SOME = (
    "Vous avez coché des salariés et choisi «\u00a0tous\u00a0». Choisissez «\u00a0les salariés cochés\u00a0», ou "
    "décochez-les."
)
NOTHING_DONE = "Rien n’a changé\u00a0: la remise était déjà enregistrée, ou les salariés ont quitté la catégorie."
COLUMNS = (
    Column("Nom", "name"),
    Column("Matricule", "matricule"),
    Column("Dans la catégorie depuis", "since", Kind.DATE),
    Column("Notice remise le", "given_on", Kind.DATE),
    Column("Moyen", "means", labels=MEANS_LABELS),
)


@page(PATH, name="employer.contract.deliveries", guards=READS)
def list_page(request: PortalRequest, category: FromPath[str], version: FromPath[str]) -> Response[bytes]:
    raw = dict.fromkeys(FIELDS, "") | {"jour": day_in_france(request.now).isoformat(), "qui": ALL}
    return _page(request, request.db, (category, version), raw, [])


@async_action(PATH, name="employer.contract.deliver", guards=CHANGES)
async def deliver(
    request: PortalRequest, category: FromPath[str], version: FromPath[str]
) -> Response[bytes] | Redirect:
    sent = await request.form()
    return await request.database.run_writing(_deliver, request, (category, version), sent)


@page(f"{PATH}/csv", name="employer.contract.deliveries.csv", guards=READS)
def csv_file(request: PortalRequest, category: FromPath[str], version: FromPath[str]) -> FileDownload:
    notice = found_notice(request, request.db, category, version)
    day = _day(request, notice)
    count = tally_of(request.db, request.viewer, notice, day).concerned
    request.note_read(Action.EMPLOYEES_DOWNLOADED, "csv", employees=count, document="remise de la notice")
    request.db.close()  # a client may take its time, and connections are few
    database, viewer = request.database, request.viewer

    def write(file: IO[bytes]) -> None:
        with database.read() as db:
            file.writelines(csv_stream(all_recipients(db, viewer, notice, day), COLUMNS))

    name = f"remise-notice-{notice.since.isoformat()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": DOCUMENT_POLICY}
    folder = request.services.settings.data_folder / "tmp"
    return FileDownload(write, folder, media_type=CSV_MEDIA_TYPE, headers=headers)


def _deliver(request: PortalRequest, names: tuple[str, str], sent: FormMultiDict) -> Response[bytes] | Redirect:
    raw = single_values(sent, FIELDS)
    with request.database.read() as db:
        notice = found_notice(request, db, *names)
        chosen = {request.revealed(EMPLOYEE, str(each)) for each in sent.getall("salarie", [])[: PAGE_SIZE + 1]}
        errors = _problems(raw, chosen, notice, day_in_france(request.now))
        if errors:
            return _page(request, db, names, raw, errors, chosen)
    done = _erase(request, notice, chosen) if raw["geste"] == ERASE else _record(request, notice, raw, chosen)
    if not done:
        with request.database.read() as db:
            return _page(request, db, names, raw, [FieldError("qui", NOTHING_DONE)], chosen)
    place = dict(zip(("category", "version"), names, strict=True))
    return Redirect(
        request.services.urls("employer.contract.deliveries", {"faits": str(done)}, **place), status_code=303
    )


def _problems(raw: dict[str, str], chosen: set[int], notice: Notice, today: date) -> list[FieldError]:
    """What is to be corrected. Erasing asks only for whom."""
    nobody = [FieldError("qui", NOBODY)] if not chosen else []
    if raw["geste"] == ERASE:
        return nobody
    day, errors = typed_day(raw["jour"]), []
    if day is None:
        errors.append(FieldError("jour", NO_DAY))
    elif day > today or (notice.since - day).days > 366:
        errors.append(FieldError("jour", WRONG_DAY))
    if raw["moyen"] not in MEANS_LABELS:
        errors.append(FieldError("moyen", NO_MEANS))
    if raw["qui"] not in {ALL, CHOSEN}:
        errors.append(FieldError("qui", NO_WHO))
    elif raw["qui"] == ALL and chosen:
        errors.append(FieldError("qui", ALL_AND_SOME))
    return errors + (nobody if raw["qui"] == CHOSEN else [])


def _record(request: PortalRequest, notice: Notice, raw: dict[str, str], chosen: set[int]) -> int:
    day, means = typed_day(raw["jour"]) or date.min, Means(raw["moyen"])
    who = chosen if raw["qui"] == CHOSEN else None
    with request.database.write() as db:
        done = record_deliveries(db, request.viewer, notice, day, means, request.now, _day(request, notice), who)
        if done:
            how = {"given_on": day.isoformat(), "means": means.value, "everyone": who is None}
            request.record(db, Action.NOTICE_GIVEN, _object(notice), employees=done, how=how)
    return done


def _erase(request: PortalRequest, notice: Notice, chosen: set[int]) -> int:
    with request.database.write() as db:
        gone = erase_deliveries(db, request.viewer, notice, chosen, _day(request, notice))
        if gone:
            told = [(each.employee_id, each.given_on.isoformat(), each.means) for each in gone]
            request.record(db, Action.NOTICE_TAKEN_BACK, _object(notice), erased=told)
    return len(gone)


def _day(request: PortalRequest, notice: Notice) -> date:
    """The day whose employees the notice concerns."""
    return notice.day(day_in_france(request.now))


def _object(notice: Notice) -> str:
    return f"categorie:{notice.category.id}:{notice.since.isoformat()}"


def _page(
    request: PortalRequest,
    db: Session,
    names: tuple[str, str],
    raw: dict[str, str],
    errors: Sequence[FieldError],
    chosen: set[int] = frozenset(),  # type: ignore[assignment]  # never changed
) -> Response[bytes]:
    notice = found_notice(request, db, *names)
    day = _day(request, notice)
    after = request.query_params.get("apres", "")
    found = recipients(
        db, request.viewer, notice, day, request.revealed(EMPLOYEE, after) if after else 0, PAGE_SIZE + 1
    )
    shown = found[:PAGE_SIZE]
    opaque = employee_names(request, (row.employee_id for row in shown))
    _note(request, shown)
    return render_page(
        request,
        "employer/contract/deliveries.html",
        TITLE,
        crumbs=_crumbs(request, names[0], notice),
        errors=errors,
        notice=notice,
        place=dict(zip(("category", "version"), names, strict=True)),
        period=period_words(notice),
        day=day,
        tally=tally_of(db, request.viewer, notice, day),
        rows=[(row, name, row.employee_id in chosen) for row, name in zip(shown, opaque, strict=True)],
        here={"apres": after} if after else None,
        next_name=opaque[-1] if len(found) > PAGE_SIZE else "",
        raw=raw,
        means=MEANS_LABELS,
        may_change=request.services.site.is_permitted(request.viewer, "employer.contract.deliver"),
        may_read_contract=request.services.site.is_permitted(request.viewer, "employer.contract.notice"),
        done=_done(request),
    )


def _note(request: PortalRequest, shown: Sequence[Recipient]) -> None:
    persons = sorted({row.person_id for row in shown if row.person_id})
    request.note_read(Action.EMPLOYEES_READ, "remise de la notice", employees=len(shown), persons=persons)


def _done(request: PortalRequest) -> int:
    """For how many employees an act has just been done; 0 without one."""
    text = request.query_params.get("faits", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 0


def _crumbs(request: PortalRequest, category: str, notice: Notice) -> list[Crumb]:
    """The way to the list: by the category, for whoever may read the contract."""
    if not request.services.site.is_permitted(request.viewer, "employer.contract.category"):
        return [home_crumb(request)]
    urls = request.services.urls
    contract = Crumb("Contrat", urls("employer.contract"))
    return [
        home_crumb(request),
        contract,
        Crumb(notice.category.label, urls("employer.contract.category", category=category)),
    ]
