"""How a table holds something of an account: whose its rows are, what is given, withheld or erased."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Owner(StrEnum):
    """Through which of the viewer's keys rows are the viewer's."""

    ACCOUNT = "account_id"
    PERSON = "person_id"
    COMPANY = "company_id"
    PROVIDER = "provider_id"


@dataclass(frozen=True, slots=True)
class Held:
    """Rows of an account. `column` names their owner, in this table or in the one that `via` leads to: own column,
    table, its column. `withheld`: columns that no export gives, and why. `opened`: encrypted columns, and the name
    under which an export gives what they say. `line`: the column that names a benefit line; an export gives only rows
    of lines that the account may read in detail.

    `goes_with_case`: rows of a person; those about a case of the account's (`case_id`) are blanked with the account.

    Deletion deletes the rows (`is_deleted`), or blanks some columns (`blank`), or keeps all, because of `kept_for`.
    """

    title: str
    owner: Owner = Owner.ACCOUNT
    column: str = "account_id"
    via: tuple[str, str, str] | None = None
    withheld: Mapping[str, str] = field(default_factory=dict)
    opened: Mapping[str, str] = field(default_factory=dict)
    line: str = ""
    is_deleted: bool = False
    goes_with_case: bool = False
    blank: Mapping[str, Any] = field(default_factory=dict)
    kept_for: str = ""


SECRET = "secret qui protège le compte"  # noqa: S105
INTERNAL = "rouage technique, sans information sur vous"
STAFF = "identité d’un agent de l’assureur"
OTHERS_CARE = "peut révéler les soins d’un proche"
PROOF = "preuve conservée, sans nom, jusqu’à la prescription"
CONTRACT = "donnée du contrat, conservée pendant la durée légale"
BILLING = "pièce comptable, conservée pendant la durée légale"
OWN_ROW = "id"
