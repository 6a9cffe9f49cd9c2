"""Who holds which permission: by role, by the step that is due, by the account's standing (R-72).

Nothing here knows of requests; `permissions.py` asks it for each one.
"""

from functools import lru_cache

from portal.data.accounts import Role
from portal.data.mandates import Area, Extent, read_scope
from portal.data.sessions import Stage, Viewer
from portal.data.standing import Standing
from portal.permission_names import Permission

__all__ = ["AREAS", "GRANTS", "STANDINGS", "STEPS", "Permission", "granted_to", "may", "opened_by"]

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
    | {P.PROVIDER_HOME, P.RIGHTS_CHECK, P.RIGHTS_ANSWERS, P.INVOICES_READ, P.INVOICES_CONTEST, P.TRANSFERS_READ}
    | {P.AGREEMENT_READ, P.CONTACT_READ, P.CONTACT_SEND}
)
# What binds the practice, and where its money goes: for whoever signed the agreement alone.
_PRACTICE = frozenset({P.PRACTICE_CHANGE, P.PRACTICE_BANK_READ, P.PRACTICE_BANK_CHANGE})
_EMPLOYER_TEAM = frozenset({P.EMPLOYER_TEAM, P.EMPLOYER_TEAM_MANAGE})
# The company's account: only whoever signed the contract changes it, and reads a mandate, where the IBAN stands whole.
_SIGNED = frozenset({P.COMPANY_BANK_CHANGE, P.SEPA_MANDATE})
_PROVIDER_TEAM = frozenset({P.PROVIDER_TEAM, P.PROVIDER_TEAM_MANAGE})
# What asks for the whole practice by itself is for whoever holds the agreement.
_HOLDS_AGREEMENT = _PROVIDER_TEAM | {P.SOFTWARE_MANAGE}
_AGENT = (
    _OWN_ACCOUNT - {P.DELETION, P.DELETION_CANCEL, P.DATA_RIGHTS}
    | {P.DESK_HOME, P.DESK_QUEUE, P.DESK_BOARD, P.DESK_PUBLISH}
    | {P.DESK_PEOPLE, P.DESK_ACCOUNTS, P.DESK_SUSPEND, P.DESK_FRAUD}
)
# What only a supervisor does, or sees and answers for to another one.
_SUPERVISOR = (
    _AGENT
    | {P.DESK_TEAM, P.DESK_CLOSE, P.DESK_SERVICES, P.DESK_MAINTENANCE, P.DESK_PUBLISH_APPROVE}
    | {P.DESK_BREAK_GLASS, P.DESK_RETENTION, P.DESK_REPLIES, P.DESK_REPORTS, P.DESK_OPERATIONS}
)

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.MEMBER: _COVERED | _HOLDER,
    Role.DEPENDANT: _COVERED | {P.AUTONOMY_READ, P.AUTONOMY_ASK},
    Role.REPRESENTATIVE: _COVERED - {P.SHARING},
    Role.SIGNATORY: _EMPLOYER | _PAYROLL | _EMPLOYER_TEAM | {P.COMPANY_BANK_READ} | _SIGNED,
    Role.ADMINISTRATOR: _EMPLOYER | _PAYROLL | _EMPLOYER_TEAM | {P.COMPANY_BANK_READ},
    Role.CLERK: _EMPLOYER | _PAYROLL,
    Role.READER: _EMPLOYER,
    Role.DECLARANT: _DECLARANT | _MANDATED,
    Role.PROVIDER: _PROVIDER | _HOLDS_AGREEMENT | _PRACTICE,
    Role.PROVIDER_STAFF: _PROVIDER,
    Role.AGENT: _AGENT,
    Role.SUPERVISOR: _SUPERVISOR,
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
# claim for two years what they paid while they were covered (code de la mutualité, L221-11), as professionals may
# contest what came of invoices for care given under their agreement.
_SPEAKING = frozenset(
    {
        P.CORRECTIONS,
        P.COMPLAINTS_SEND,
        P.MESSAGES_SEND,
        P.CLAIMS_SEND,
        P.CASE_FILES_CHANGE,
        P.INVOICES_CONTEST,
        P.CONTACT_SEND,
    }
)
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
        P.CONTACT_READ,
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
