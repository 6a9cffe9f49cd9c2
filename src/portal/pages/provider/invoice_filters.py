"""The filters of the list of invoices, from the query string and back. The patient's name is sealed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.data.invoice_listing import InvoiceFilters
from portal.data.invoices import InvoiceState
from portal.data.sessions import Viewer
from portal.forms import FieldError, cents_of, one_line, text_given, times_given, typed_day
from portal.invoice_words import LATE
from portal.sealed_search import LONGEST_SEALED, open_search, seal_search
from portal.security import Keyring

PURPOSE, SEARCH = "invoice-search", "recherche"
NAMES = ("etat", "du", "au", "numero", "lot", "montant")
LONGEST_TEXT = 80
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
    token = text_given(sent, SEARCH)[:LONGEST_SEALED]
    text = open_search(keyring, viewer, PURPOSE, token)
    errors = [FieldError("patient", STALE)] if text is None else []
    return _read(sent, text or "", token if text else "", errors)


def typed_query(sent: Mapping[str, Any], viewer: Viewer, keyring: Keyring) -> Query:
    """The filters of the form, where the patient's name is legible; it is sealed for the address."""
    text = _clean(text_given(sent, "patient"))
    errors = [FieldError("patient", TOO_LONG)] if len(text) > LONGEST_TEXT else []
    kept = text[:LONGEST_TEXT]
    token = "" if errors else seal_search(keyring, viewer, PURPOSE, kept)
    return _read(sent, kept, token, errors)


def _read(sent: Mapping[str, Any], text: str, token: str, errors: list[FieldError]) -> Query:
    raw = {name: _clean(text_given(sent, name))[:LONGEST_TEXT] for name in NAMES}
    state = InvoiceState(raw["etat"]) if raw["etat"] in set(InvoiceState) else None
    since, until, cents = typed_day(raw["du"]), typed_day(raw["au"]), cents_of(raw["montant"])
    is_late = raw["etat"] == LATE
    errors += _wrong(raw, known=state is not None or is_late, since=since, until=until, cents=cents)
    errors += [FieldError(name, TWICE) for name in NAMES if times_given(sent, name) > 1]
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
    return " ".join(one_line(text).split())
