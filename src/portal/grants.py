"""Who holds which permission: by role, by the step that is due, by the account's standing (R-72).

Nothing here knows of requests; `permissions.py` asks it for each one.
"""

from enum import StrEnum
from functools import lru_cache

from portal.data.accounts import Role
from portal.data.mandates import Area, Extent, read_scope
from portal.data.sessions import Stage, Viewer
from portal.data.standing import Standing


class Permission(StrEnum):
    MEMBER_HOME = "member-home:read"
    BENEFITS_READ = "benefits:read"
    BENEFITS_EXPORT = "benefits:export"
    STATEMENTS_READ = "statements:read"
    STATEMENTS_ISSUE = "statements:issue"
    GUARANTEES_READ = "guarantees:read"
    BENEFICIARIES_READ = "beneficiaries:read"
    BENEFICIARIES_CHANGE = "beneficiaries:change"
    CARD_READ = "card:read"
    CLAIMS_READ = "claims:read"
    CLAIMS_SEND = "claims:send"
    BANK_READ = "bank-details:read"
    BANK_CHANGE = "bank-details:change"
    PORTABILITY_READ = "portability:read"
    AUTONOMY_READ = "autonomy:read"
    AUTONOMY_ASK = "autonomy:ask"
    CORRECTIONS = "corrections:send"
    INFORMATION_READ = "information:read"
    DIRECTORY_READ = "directory:read"
    PLACE_SAVE = "saved-place:save"
    SHARING = "line-sharing:choose"
    REMOTE_LINK_READ = "remote-link:read"
    COMPLAINTS_READ = "complaints:read"
    COMPLAINTS_SEND = "complaints:send"
    MESSAGES_READ = "messages:read"
    MESSAGES_SEND = "messages:send"
    CASE_FILES_READ = "case-files:read"
    CASE_FILES_CHANGE = "case-files:change"
    EMPLOYER_HOME = "employer-home:read"
    PROVIDER_HOME = "provider-home:read"
    RIGHTS_CHECK = "rights:check"
    RIGHTS_ANSWERS = "rights-answers:read"
    INVOICES_READ = "invoices:read"
    TRANSFERS_READ = "transfers:read"
    EMPLOYEES_READ = "employees:read"
    EMPLOYEES_CHANGE = "employees:change"
    EMPLOYEES_IMPORT = "employees:import"
    CONTRIBUTIONS_READ = "contributions:read"
    CONTRIBUTIONS_CONTEST = "contributions:contest"
    EXEMPTIONS_READ = "exemptions:read"
    EXEMPTIONS_MANAGE = "exemptions:manage"
    GROUP_CONTRACT_READ = "group-contract:read"
    PAYROLL_SHEET_READ = "payroll-sheet:read"
    COMPANY_BANK_READ = "company-bank:read"
    COMPANY_BANK_CHANGE = "company-bank:change"
    SEPA_MANDATE = "sepa-mandate:read"
    AGREEMENT_READ = "agreement:read"
    PRACTICE_CHANGE = "practice:change"
    PRACTICE_BANK_READ = "practice-bank:read"
    PRACTICE_BANK_CHANGE = "practice-bank:change"
    EMPLOYER_TEAM = "employer-team:read"
    EMPLOYER_TEAM_MANAGE = "employer-team:manage"
    PROVIDER_TEAM = "provider-team:read"
    PROVIDER_TEAM_MANAGE = "provider-team:manage"
    DESK_HOME = "desk-home:read"
    DESK_ACCOUNTS = "desk-accounts:read"
    DESK_SUSPEND = "desk-accounts:suspend"
    DESK_CLOSE = "desk-accounts:close"
    DESK_FRAUD = "desk-fraud:handle"
    DESK_SERVICES = "desk-services:switch"
    DESK_MAINTENANCE = "desk-maintenance:plan"
    SECOND_FACTOR = "second-factor:answer"
    EMAIL_CODE = "email-code:answer"
    PASSWORD_CHANGE = "password:change"  # noqa: S105
    FACTORS = "second-factors:manage"
    RECOVERY_CODES = "recovery-codes:read"
    TERMS_ACCEPT = "terms:accept"
    CONFIRM = "identity:confirm"
    ACCOUNT_READ = "account:read"
    CONTACT_CHANGE = "account-contact:change"
    EMAIL_CHANGE = "account-email:change"
    NOTIFICATIONS = "account-notifications:choose"
    SESSIONS = "account-sessions:manage"
    ACTIVITY = "account-activity:read"
    DATA_EXPORT = "account-data:export"
    DATA_RIGHTS = "account-data:ask"
    DELETION = "account:delete"
    DELETION_CANCEL = "account-deletion:cancel"
    SIGN_OUT = "session:close"
    SESSION_KEEP = "session:keep"


P = Permission
_PROOFS = frozenset({P.SECOND_FACTOR, P.EMAIL_CODE})
_LEAVE = frozenset({P.SIGN_OUT, P.SESSION_KEEP})
_OWN_ACCOUNT = _LEAVE | {
    P.PASSWORD_CHANGE,
    P.FACTORS,
    P.RECOVERY_CODES,
    P.TERMS_ACCEPT,
    P.CONFIRM,
    P.ACCOUNT_READ,
    P.CONTACT_CHANGE,
    P.EMAIL_CHANGE,
    P.NOTIFICATIONS,
    P.SESSIONS,
    P.ACTIVITY,
    P.DATA_EXPORT,
    P.DATA_RIGHTS,
    P.DELETION,
    P.DELETION_CANCEL,
}
_WRITING = frozenset({P.MESSAGES_READ, P.MESSAGES_SEND, P.CORRECTIONS, P.CASE_FILES_READ, P.CASE_FILES_CHANGE})
_COMPLAINING = frozenset({P.COMPLAINTS_READ, P.COMPLAINTS_SEND})
_COVERED = (
    _OWN_ACCOUNT
    | _WRITING
    | _COMPLAINING
    | {
        P.MEMBER_HOME,
        P.BENEFITS_READ,
        P.BENEFITS_EXPORT,
        P.STATEMENTS_READ,
        P.STATEMENTS_ISSUE,
        P.GUARANTEES_READ,
        P.BENEFICIARIES_READ,
        P.CARD_READ,
        P.CLAIMS_READ,
        P.CLAIMS_SEND,
        P.REMOTE_LINK_READ,
        P.SHARING,
        P.PORTABILITY_READ,
        P.INFORMATION_READ,
        P.DIRECTORY_READ,
        P.PLACE_SAVE,
    }
)
# What the holder of the contract alone decides.
_HOLDER = frozenset({P.BENEFICIARIES_CHANGE, P.BANK_READ, P.BANK_CHANGE})
_EMPLOYER = (
    _OWN_ACCOUNT
    | _WRITING
    | {P.EMPLOYER_HOME, P.EMPLOYEES_READ, P.EXEMPTIONS_READ, P.CONTRIBUTIONS_READ}
    | {P.GROUP_CONTRACT_READ, P.PAYROLL_SHEET_READ}
)
# What running the payroll takes; what concerns the company's money and its users is for those who manage the contract.
_PAYROLL = frozenset({P.EMPLOYEES_CHANGE, P.EMPLOYEES_IMPORT, P.EXEMPTIONS_MANAGE, P.CONTRIBUTIONS_CONTEST})
# What a mandate opens to an outside firm, area by area: by reading, then by acting. Never the bank, never the users.
AREAS: dict[Area, tuple[frozenset[Permission], frozenset[Permission]]] = {
    Area.EMPLOYEES: (frozenset({P.EMPLOYEES_READ}), frozenset({P.EMPLOYEES_CHANGE, P.EMPLOYEES_IMPORT})),
    Area.EXEMPTIONS: (frozenset({P.EXEMPTIONS_READ}), frozenset({P.EXEMPTIONS_MANAGE})),
    Area.CONTRIBUTIONS: (
        frozenset({P.CONTRIBUTIONS_READ, P.PAYROLL_SHEET_READ}),
        frozenset({P.CONTRIBUTIONS_CONTEST}),
    ),
    Area.CONTRACT: (frozenset({P.GROUP_CONTRACT_READ, P.PAYROLL_SHEET_READ}), frozenset()),
}
_DECLARANT = _OWN_ACCOUNT | _WRITING | {P.EMPLOYER_HOME}
_MANDATED = frozenset().union(*(reading | acting for reading, acting in AREAS.values()))
_PROVIDER = (
    _OWN_ACCOUNT
    | _WRITING
    | {P.PROVIDER_HOME, P.RIGHTS_CHECK, P.RIGHTS_ANSWERS, P.INVOICES_READ, P.TRANSFERS_READ, P.AGREEMENT_READ}
)
# What binds the practice, and where its money goes: for whoever signed the agreement alone.
_PRACTICE = frozenset({P.PRACTICE_CHANGE, P.PRACTICE_BANK_READ, P.PRACTICE_BANK_CHANGE})
_EMPLOYER_TEAM = frozenset({P.EMPLOYER_TEAM, P.EMPLOYER_TEAM_MANAGE})
# The company's account: only whoever signed the contract changes it, and reads a mandate, where the IBAN stands whole.
_SIGNED = frozenset({P.COMPANY_BANK_CHANGE, P.SEPA_MANDATE})
_PROVIDER_TEAM = frozenset({P.PROVIDER_TEAM, P.PROVIDER_TEAM_MANAGE})
_AGENT = _OWN_ACCOUNT - {P.DELETION, P.DELETION_CANCEL, P.DATA_RIGHTS}
_AGENT |= {P.DESK_HOME, P.DESK_ACCOUNTS, P.DESK_SUSPEND, P.DESK_FRAUD}

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.MEMBER: _COVERED | _HOLDER,
    Role.DEPENDANT: _COVERED | {P.AUTONOMY_READ, P.AUTONOMY_ASK},
    Role.REPRESENTATIVE: _COVERED - {P.SHARING},
    Role.SIGNATORY: _EMPLOYER | _PAYROLL | _EMPLOYER_TEAM | {P.COMPANY_BANK_READ} | _SIGNED,
    Role.ADMINISTRATOR: _EMPLOYER | _PAYROLL | _EMPLOYER_TEAM | {P.COMPANY_BANK_READ},
    Role.CLERK: _EMPLOYER | _PAYROLL,
    Role.READER: _EMPLOYER,
    Role.DECLARANT: _DECLARANT | _MANDATED,
    Role.PROVIDER: _PROVIDER | _PROVIDER_TEAM | _PRACTICE,
    Role.PROVIDER_STAFF: _PROVIDER,
    Role.AGENT: _AGENT,
    Role.SUPERVISOR: _AGENT | {P.DESK_CLOSE, P.DESK_SERVICES, P.DESK_MAINTENANCE},
}

# What a session may do before it is complete: the step that is due (proving again who one is before a sensitive one,
# noting down what it made), and leaving. Refusing new terms leaves sign-out,
# export, the rights over one's data and deletion.
STEPS: dict[str, frozenset[Permission]] = {
    Stage.CODE: frozenset({P.SECOND_FACTOR, P.SIGN_OUT}),
    Stage.EMAIL_CODE: frozenset({P.EMAIL_CODE, P.SIGN_OUT}),
    Stage.PASSWORD: _LEAVE | {P.PASSWORD_CHANGE},
    Stage.FACTOR: _LEAVE | {P.FACTORS, P.CONFIRM},
    Stage.TERMS: _LEAVE
    | {P.RECOVERY_CODES, P.TERMS_ACCEPT, P.CONFIRM, P.DATA_EXPORT, P.DATA_RIGHTS, P.DELETION, P.DELETION_CANCEL},
}

# After the end of cover, everything stays readable and nothing changes, save what protects the account itself,
# and writing to the insurer, which changes nothing: former members may complain, too (ACPR 2022-R-01), ask, and
# claim for two years what they paid while they were covered (code de la mutualité, L221-11).
_SPEAKING = frozenset({P.CORRECTIONS, P.COMPLAINTS_SEND, P.MESSAGES_SEND, P.CLAIMS_SEND, P.CASE_FILES_CHANGE})
_READING = frozenset(
    {
        P.MEMBER_HOME,
        P.BENEFITS_READ,
        P.BENEFITS_EXPORT,
        P.STATEMENTS_READ,
        P.STATEMENTS_ISSUE,
        P.GUARANTEES_READ,
        P.BENEFICIARIES_READ,
        P.CARD_READ,
        P.CLAIMS_READ,
        P.BANK_READ,
        P.AUTONOMY_READ,
        P.SHARING,
        P.PORTABILITY_READ,
        P.INFORMATION_READ,
        P.DIRECTORY_READ,
        P.REMOTE_LINK_READ,
        P.COMPLAINTS_READ,
        P.MESSAGES_READ,
        P.CASE_FILES_READ,
        P.EMPLOYER_HOME,
        P.PROVIDER_HOME,
        P.RIGHTS_ANSWERS,
        P.INVOICES_READ,
        P.TRANSFERS_READ,
        P.EMPLOYEES_READ,
        P.EXEMPTIONS_READ,
        P.CONTRIBUTIONS_READ,
        P.GROUP_CONTRACT_READ,
        P.PAYROLL_SHEET_READ,
        P.COMPANY_BANK_READ,
        P.SEPA_MANDATE,
        P.AGREEMENT_READ,
        P.PRACTICE_BANK_READ,
        P.EMPLOYER_TEAM,
        P.PROVIDER_TEAM,
        P.ACCOUNT_READ,
        P.ACTIVITY,
        P.DATA_EXPORT,
        P.DATA_RIGHTS,
        P.CONFIRM,
        P.RECOVERY_CODES,
        P.SESSIONS,
        P.DELETION_CANCEL,
    }
)
STANDINGS: dict[Standing, frozenset[Permission]] = {
    Standing.ENDED: _LEAVE
    | _READING
    | _SPEAKING
    | {P.PASSWORD_CHANGE, P.FACTORS, P.TERMS_ACCEPT, P.EMAIL_CHANGE, P.DELETION, P.SECOND_FACTOR, P.EMAIL_CODE},
    Standing.LEAVING: _LEAVE
    | _READING
    | _SPEAKING
    | {P.PASSWORD_CHANGE, P.TERMS_ACCEPT, P.FACTORS, P.SECOND_FACTOR, P.EMAIL_CODE},
    # Data are kept and read; what serves the rights of their holder, or protects the account, goes on (GDPR 18).
    Standing.RESTRICTED: _LEAVE
    | _READING
    | {P.COMPLAINTS_SEND, P.CORRECTIONS, P.CASE_FILES_CHANGE, P.EMAIL_CHANGE, P.CONTACT_CHANGE, P.DELETION}
    | {P.PASSWORD_CHANGE, P.TERMS_ACCEPT, P.FACTORS, P.SECOND_FACTOR, P.EMAIL_CODE},
}


def granted_to(viewer: Viewer) -> frozenset[Permission]:
    """What the viewer's role grants; of a mandated firm's, no more than the mandate opens."""
    if viewer.role == Role.DECLARANT:
        return _DECLARANT | opened_by(viewer.scope)
    return GRANTS[Role(viewer.role)]


@lru_cache
def opened_by(stored: str) -> frozenset[Permission]:
    """The permissions that a stored scope opens; none for an empty one."""
    opened: frozenset[Permission] = frozenset()
    for area, extent in read_scope(stored).items():
        reading, acting = AREAS[area]
        opened |= reading | acting if extent is Extent.ACT else reading
    return opened


def may(viewer: Viewer, permission: Permission) -> bool:
    """Whether the viewer holds the permission now: by role, by the step that is due, by the account's standing."""
    granted = granted_to(viewer)
    if viewer.stage in STEPS:
        granted = STEPS[viewer.stage] & (granted | _PROOFS)
    return permission in granted and permission in STANDINGS.get(viewer.standing, granted)
