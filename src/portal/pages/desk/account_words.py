"""Accounts in words, for the desk: why one looks, the state of an account, and the acts that its state allows."""

from dataclasses import dataclass, field

from portal.data.accounts import SuspensionKind
from portal.data.desk_accounts import Found, Sheet
from portal.data.sessions import Viewer
from portal.data.standing import Standing
from portal.desk_purposes import PURPOSES
from portal.permissions import Permission, may

CATEGORIES = {
    "conditions": "Manquement aux conditions d’utilisation",
    "atteinte": "Atteinte au service ou à d’autres personnes",
    "loi": "Usage contraire à la loi",
    "protection": "Mesure de protection de votre compte",
    "identite": "Vérification de votre identité",
}
STATES = {
    Standing.ACTIVE: ("Actif", "ok"),
    Standing.ENDED: ("Consultation seulement", "info"),
    Standing.LEAVING: ("Suppression en cours", "wait"),
    Standing.RESTRICTED: ("Limité à sa demande", "info"),
    Standing.SUSPENDED: ("Suspendu", "bad"),
    Standing.CLOSED: ("Fermé", ""),
}


__all__ = ["CATEGORIES", "PURPOSES", "STATES", "Act", "acts_for", "state_of"]


@dataclass(frozen=True, slots=True)
class Act:
    """A link to an act's page; `names` are the other parts of its URL."""

    label: str
    page: str
    names: dict[str, str] = field(default_factory=dict)


def state_of(account: Found | Sheet) -> tuple[str, str]:
    """The account's state in words, and its badge's tone."""
    found = account.found if isinstance(account, Sheet) else account
    return STATES[found.standing]


def acts_for(sheet: Sheet, viewer: Viewer) -> list[Act]:
    """What the viewer may do to the account now; nothing to their own or a relative's, little to a closed one."""
    if sheet.is_near:
        return []
    keeping = [Act("Lever la conservation" if sheet.is_held else "Mettre en conservation", "desk.account.hold")]
    kept = keeping if may(viewer, Permission.DESK_RETENTION) else []
    if sheet.closing is not None:
        reopening = [Act("Rouvrir ce compte", "desk.account.reopening")]
        return [*(reopening if sheet.may_reopen and may(viewer, Permission.DESK_CLOSE) else []), *kept]
    acts = [_suspension(sheet)]
    if sheet.may_lift_restriction:
        acts.append(Act("Lever la limitation de ses données", "desk.account.restriction"))
    if sheet.sessions:
        acts.append(Act("Fermer ses sessions", "desk.account.act", {"acte": "sessions"}))
    acts += _on_access(sheet)
    if may(viewer, Permission.DESK_CLOSE):
        acts.append(Act("Fermer ce compte pour toujours", "desk.account.closing"))
    return acts + kept


def _on_access(sheet: Sheet) -> list[Act]:
    """What may be done about how the holder gets in."""
    acts = []
    if sheet.account.totp_encrypted is not None or sheet.passkeys:
        acts.append(Act("Réinitialiser sa seconde protection", "desk.account.act", {"acte": "facteurs"}))
    if sheet.account.password_temporary_until is not None:
        acts.append(Act("Renvoyer un mot de passe temporaire", "desk.account.act", {"acte": "mot-de-passe"}))
    elif sheet.account.email:
        acts.append(Act("Renvoyer ses accès", "desk.account.act", {"acte": "acces"}))
    if sheet.software is not None:
        acts.append(Act("Arrêter l’accès de son logiciel", "desk.account.act", {"acte": "logiciel"}))
    return acts


def _suspension(sheet: Sheet) -> Act:
    ours = (row for row in sheet.suspensions if row.kind == SuspensionKind.INSURER and row.ended_at is None)
    if next(ours, None) is not None:
        return Act("Lever la suspension", "desk.account.act", {"acte": "reprise"})
    return Act("Suspendre ce compte", "desk.account.suspension")
