"""The list of employees in words: states, structures, orders, and the columns of its files."""

from typing import Any

from portal.data.contributions import Structure
from portal.data.employee_rows import Row, Sort, State
from portal.spreadsheets import Column, Kind

STATE_LABELS: dict[State, tuple[str, str]] = {
    State.AFFILIATED: ("Affilié", "ok"),
    State.COMING: ("À venir", "info"),
    State.INVITED: ("Invité", "wait"),
    State.EXEMPT: ("Dispensé", "info"),
    State.ABSENT: ("Congé sans solde", "wait"),
    State.PORTABLE: ("Portabilité", "info"),
    State.GONE: ("Sorti", ""),
}
# What the day beside a state is.
SINCE_LABELS: dict[State, str] = {
    State.AFFILIATED: "depuis le",
    State.COMING: "à partir du",
    State.INVITED: "pour le",
    State.EXEMPT: "depuis le",
    State.ABSENT: "depuis le",
    State.PORTABLE: "jusqu’au",
    State.GONE: "le",
}
STRUCTURE_LABELS = {Structure.SINGLE: "Isolé", Structure.PAIR: "Duo", Structure.FAMILY: "Famille"}
SORT_LABELS = {
    Sort.NAME: "Nom",
    Sort.MATRICULE: "Matricule",
    Sort.HIRED: "Embauche, les plus récentes d’abord",
    Sort.SINCE: "Date de l’état, les plus récentes d’abord",
}


EMPLOYEE_COLUMNS = (
    Column("Matricule", "matricule"),
    Column("Nom de naissance", "last_name"),
    Column("Nom d’usage", "usage_name"),
    Column("Prénom", "first_name"),
    Column("Date de naissance", "birth_date", Kind.DATE),
    Column("Adresse e-mail", "email"),
    Column("Code de la catégorie", "category_code"),
    Column("Catégorie", "category"),
    Column("État", "state", labels={state.value: words for state, (words, _) in STATE_LABELS.items()}),
    Column("Date de l’état", "since", Kind.DATE),
    Column("Structure", "structure", labels=STRUCTURE_LABELS),
    Column("Embauche", "hired_on", Kind.DATE),
)


def state_words(row: Row) -> dict[str, Any]:
    """A row's state for a badge, and what its day is."""
    state = State(row.state)
    label, tone = STATE_LABELS[state]
    return {"label": label, "tone": tone, "since": SINCE_LABELS[state]}
