"""The job behind payroll sheets: when next month's changes, those who manage contributions are told, once."""

from datetime import date, datetime

from portal.account_jobs import do_each
from portal.data.accounts import Account, Role
from portal.data.organisations import company_of
from portal.data.payroll_notices import contracts_of_month, take_changes, users_of
from portal.data.payroll_sheets import Sheet
from portal.data.rules import add_months
from portal.formatting import day_in_france, month_name
from portal.grants import GRANTS, Permission, opened_by
from portal.payroll_words import change_words
from portal.web import Services

CONTRACT = "group-contract"
MOST_TOLD = 12


def tell_of_next_sheets(services: Services, now: datetime) -> int:
    """Writes about the sheet of the month to come, one transaction for each contract; of how many. Raises an
    `ExceptionGroup` of what failed, once the others are done."""
    month = add_months(day_in_france(now).replace(day=1), 1)
    with services.database.read() as db:
        contracts = contracts_of_month(db, month)
    return do_each(lambda contract_id: _tell(services, contract_id, month, now), contracts)


def manages_contributions(account: Account, scope: str) -> bool:
    """Whether an account acts on contributions: by its role, or by what its mandate (`scope`) opens."""
    is_mandated = account.role == Role.DECLARANT
    return Permission.CONTRIBUTIONS_CONTEST in (opened_by(scope) if is_mandated else GRANTS[Role(account.role)])


def _tell(services: Services, contract_id: int, month: date, now: datetime) -> bool:
    with services.database.write() as db:
        sheet = take_changes(db, contract_id, month, now)
        if sheet is None:
            return False
        said = _said(services, sheet) | {"company": company_of(db, sheet.contract.company_id).name}
        for account, scope in users_of(db, sheet.contract.company_id, day_in_france(now)):
            if manages_contributions(account, scope):
                services.mail.post(db, "payroll-sheet-changed", account.email, account_id=account.id, **said)
    return True


def _said(services: Services, sheet: Sheet) -> dict[str, object]:
    (name,) = services.keyring.conceal(CONTRACT, [sheet.contract.id or 0])
    path = services.urls("employer.payroll", {"contrat": name, "mois": sheet.month.strftime("%Y-%m")})
    told = [change_words(sheet, change) for change in sheet.changes]
    return {
        "month": month_name(sheet.month),
        "number": sheet.contract.number,
        "changes": [(f"{what}, {label.lower()}", f"{day}\u00a0: {values or label.lower()}")
                    for day, what, label, values in told[:MOST_TOLD]],
        "more": max(len(told) - MOST_TOLD, 0),
        "href": services.settings.origin + path,
    }  # fmt: skip
