"""Every table of the portal, imported in one place for migrations."""

from sqlmodel import SQLModel

from portal.data import (  # noqa: F401  (each import registers its tables)
    accounts,
    benefits,
    coverage,
    evidence,
    links,
    organisations,
    parameters,
    passkeys,
    persons,
    representations,
    sessions,
    statements,
    terms,
    throttling,
)

metadata = SQLModel.metadata
