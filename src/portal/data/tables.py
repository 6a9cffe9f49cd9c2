"""Every table of the portal, imported in one place for migrations."""

from sqlmodel import SQLModel

from portal.data import (  # noqa: F401  (each import registers its tables)
    accounts,
    benefits,
    coverage,
    evidence,
    parameters,
    persons,
    sessions,
    statements,
    throttling,
)

metadata = SQLModel.metadata
