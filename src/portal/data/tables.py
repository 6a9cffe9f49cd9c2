"""Every table of the portal, imported in one place for migrations."""

from sqlmodel import SQLModel

from portal.data import (  # noqa: F401  (each import registers its tables)
    accounts,
    beneficiary_changes,
    benefits,
    card_terms,
    case_messages,
    case_pieces,
    cases,
    complaints,
    contributions,
    coverage,
    email_changes,
    email_codes,
    evidence,
    files,
    fraud,
    job_runs,
    known_browsers,
    links,
    messages,
    notifications,
    organisations,
    outbox,
    own_account,
    parameters,
    passkey_challenges,
    passkeys,
    pending_secrets,
    persons,
    recovery_codes,
    representations,
    sessions,
    sign_up_requests,
    site_state,
    statements,
    terms,
    throttling,
)

metadata = SQLModel.metadata
