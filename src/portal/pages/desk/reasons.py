"""The reason that the desk gives for an act: what it demands of a text that users will read."""

from portal.forms import FieldError

SHORTEST, LONGEST = 10, 500


def reason_errors(text: str, field: str = "motif") -> list[FieldError]:
    """What is wrong with a reason: missing or too short to explain anything, or too long."""
    if len(text.strip()) < SHORTEST:
        return [FieldError(field, f"Écrivez au moins une courte phrase\u00a0: {SHORTEST}\u00a0caractères ou plus.")]
    if len(text) > LONGEST:
        return [FieldError(field, f"Raccourcissez ce texte\u00a0: {LONGEST}\u00a0caractères au plus.")]
    return []
