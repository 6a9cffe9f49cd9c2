"""The filters of the list of invoices, from the query string and back. The patient's name is sealed."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from cryptography.fernet import InvalidToken

from portal.data.invoice_listing import InvoiceFilters
from portal.data.invoices import InvoiceState
from portal.data.sessions import Viewer
from portal.forms import FieldError, cents_of, typed_day
from portal.invoice_words import LATE
from portal.security import Keyring

SEARCH = "recherche"
NAMES = ("etat", "du", "au", "numero", "lot", "montant")
LONGEST_TEXT = 80
LONGEST_TOKEN = 1000
WRONG = "Ce choix n’existe pas. Choisissez-en un dans la liste."
NO_DAY = "Ce jour n’existe pas. Écrivez-le comme 31/12/2026."
BACKWARDS = "La fin précède le début. Inversez les deux jours."
NO_AMOUNT = "Écrivez un montant comme 45,60."
STALE = "Cette recherche n’est plus lisible. Cherchez à nouveau."
TOO_LONG = f"Ce texte est trop long. Gardez-en {LONGEST_TEXT} caractères au plus."
TWICE = "Ce filtre est donné deux fois. Gardez-en un."


@dataclass(frozen=True, slots=True)
class Query:
    """What was typed (`raw`), what it means (`filters`), what is wrong with it (`errors`), the sealed search."""

    raw: dict[str, str]
    filters: InvoiceFilters
    errors: tuple[FieldError, ...]
    token: str

    @property
    def parameters(self) -> dict[str, str]:
        """The query string that asks for the same list: only what is set, and no name."""
        shown = {name: self.raw[name] for name in NAMES if self.raw[name]}
        return shown | ({SEARCH: self.token} if self.token else {})

    def without(self, *names: str) -> dict[str, str]:
        """The parameters of the same list with some filters dropped."""
        return {name: value for name, value in self.parameters.items() if name not in names}


def read_query(sent: Mapping[str, Any], viewer: Viewer, keyring: Keyring) -> Query:
    """The filters in a query string; what is not understood is left out of them and reported."""
    token = _one(sent, SEARCH)[:LONGEST_TOKEN]
    text = _opened(token, viewer, keyring)
    errors = [FieldError("patient", STALE)] if text is None else []
    return _read(sent, text or "", token if text else "", errors)


def typed_query(sent: Mapping[str, Any], viewer: Viewer, keyring: Keyring) -> Query:
    """The filters of the form, where the patient's name is legible; it is sealed for the address."""
    text = _clean(_one(sent, "patient"))
    errors = [FieldError("patient", TOO_LONG)] if len(text) > LONGEST_TEXT else []
    kept = text[:LONGEST_TEXT]
    token = keyring.encrypt(_labelled(viewer, kept)).decode() if kept and not errors else ""
    return _read(sent, kept, token, errors)


def _read(sent: Mapping[str, Any], text: str, token: str, errors: list[FieldError]) -> Query:
    raw = {name: _clean(_one(sent, name))[:LONGEST_TEXT] for name in NAMES}
    state = InvoiceState(raw["etat"]) if raw["etat"] in set(InvoiceState) else None
    since, until, cents = typed_day(raw["du"]), typed_day(raw["au"]), cents_of(raw["montant"])
    is_late = raw["etat"] == LATE
    errors += _wrong(raw, known=state is not None or is_late, since=since, until=until, cents=cents)
    errors += [FieldError(name, TWICE) for name in NAMES if _count(sent, name) > 1]
    filters = InvoiceFilters(text, state, is_late, since, until, raw["numero"], raw["lot"], cents)
    return Query(raw | {"patient": text}, filters, tuple(errors), token)


def _wrong(
    raw: dict[str, str], *, known: bool, since: date | None, until: date | None, cents: int | None
) -> list[FieldError]:
    checks = (
        ("etat", raw["etat"] and not known, WRONG),
        ("du", raw["du"] and since is None, NO_DAY),
        ("au", raw["au"] and until is None, NO_DAY),
        ("au", since is not None and until is not None and until < since, BACKWARDS),
        ("montant", raw["montant"] and cents is None, NO_AMOUNT),
    )
    return [FieldError(name, message) for name, is_wrong, message in checks if is_wrong]


def _clean(text: str) -> str:
    return " ".join("".join(char for char in text if char.isprintable()).split())


def _opened(token: str, viewer: Viewer, keyring: Keyring) -> str | None:
    """The text of a sealed search of this viewer's; None for what is none."""
    if not token:
        return ""
    with suppress(InvalidToken, UnicodeError):
        text, label = keyring.decrypt(token.encode("ascii")), _labelled(viewer, "")
        return text.removeprefix(label) if text.startswith(label) else None
    return None


def _labelled(viewer: Viewer, text: str) -> str:
    """A search is sealed for the account that made it: an address that was copied tells nobody else."""
    return f"invoice-search/{viewer.account_id}/{text}"


def _one(sent: Mapping[str, Any], name: str) -> str:
    value = sent.get(name)
    return value if isinstance(value, str) else ""


def _count(sent: Mapping[str, Any], name: str) -> int:
    given = getattr(sent, "getall", None)
    return len(given(name, [])) if given else int(name in sent)
