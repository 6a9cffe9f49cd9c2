"""The portal's own work in French, for supervisors: jobs, imports, letters, and what deserves an alarm."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from portal.data.import_runs import ImportRun, RunState
from portal.data.job_runs import JobRun
from portal.data.operation_figures import LATE_AFTER, Figures
from portal.data.outbox import GIVEN_UP, MailRow, MailState
from portal.formatting import local_time, whole

JOB_LABELS = {
    "evidence.verify-new": "Vérifier les preuves nouvelles",
    "evidence.verify-all": "Vérifier toutes les preuves",
    "sign-up.answer": "Répondre aux demandes d’inscription",
    "accounts.erase-due": "Effacer les comptes dont le délai est passé",
    "payments.tell": "Prévenir des remboursements",
    "bank-details.apply": "Appliquer les changements de RIB des adhérents",
    "organisation-bank.apply": "Appliquer les changements de RIB des organismes",
    "practice-changes.apply": "Appliquer les changements des professionnels",
    "contributions.issue": "Émettre les appels de cotisations",
    "payroll.tell": "Prévenir des fiches de paramétrage",
    "exemptions.remind": "Rappeler les dispenses à renouveler",
    "mandates.remind": "Rappeler les fins de mandat",
    "leavers.tell": "Écrire aux salariés sortis",
    "payments.run": "Préparer les virements du jour",
    "desk.dates": "Surveiller les délais de réponse",
    "cases.silence": "Rappeler ce qui manque aux dossiers, puis les classer",
    "delays.measure": "Mesurer les délais affichés",
    "claims.follow": "Relier les paiements aux demandes",
    "exceptional-accesses.end": "Clore les accès exceptionnels",
    "retention.apply": "Appliquer les durées de conservation",
    "decisions.expire": "Oublier les décisions jamais envoyées",
    "files.remove-orphans": "Effacer les fichiers que rien ne nomme",
}
RUN_LABELS = {
    RunState.RUNNING: ("En cours, ou interrompu", "wait"),
    RunState.DONE: ("Enregistré", "ok"),
    RunState.DRY_RUN: ("Essai à blanc", ""),
    RunState.STRICT: ("Rien d’enregistré", "bad"),
    RunState.UNREADABLE: ("Fichier illisible", "bad"),
    RunState.FAILED: ("Échec du portail", "bad"),
}
BROKEN = "Ne redémarrez rien et ne restaurez rien\u00a0: prévenez la personne chargée de la sécurité."
BACK_UP = "Lancez «\u00a0portal backup create\u00a0», puis cherchez pourquoi elle n’est pas partie d’elle-même."
BACKUP_DUE = timedelta(hours=26)
VERIFIED_DUE = timedelta(hours=26)
LEAST_FREE_BYTES = 2 * 1024**3


class Alarm(NamedTuple):
    """What is wrong, and what to do about it."""

    title: str
    text: str


def job_label(name: str) -> str:
    """A job's name in French; its own for one that this version does not know."""
    return JOB_LABELS.get(name, name)


def job_state(run: JobRun | None, now: datetime) -> tuple[str, str]:
    """A job's state in words, and the tone of its badge."""
    if run is None:
        return "Jamais exécutée", ""
    if run.claimed_until is not None and run.claimed_until > now:
        return "En cours", "info"
    if run.failed_at is not None:
        return f"En échec\u00a0: {run.error or 'cause inconnue'}", "bad"
    if run.due_at <= now - LATE_AFTER:
        return "En retard", "bad"
    return ("À faire", "wait") if run.due_at <= now else ("À jour", "ok")


def run_state(run: ImportRun) -> tuple[str, str]:
    """What became of an import, and the tone of its badge."""
    return RUN_LABELS[RunState(run.state)]


def letter_state(row: MailRow, now: datetime) -> tuple[str, str]:
    """Where a letter stands, and the tone of its badge."""
    if row.state is MailState.REFUSED:
        return ("Abandonné", "") if row.reason == GIVEN_UP else ("Refusé pour de bon", "bad")
    if row.attempts == 0:
        return "En attente", "wait"
    when = "" if row.next_attempt_at <= now else f", prochain le {local_time(row.next_attempt_at)}"
    return f"{row.attempts} essai{'s' if row.attempts > 1 else ''}{when}", "wait"


def alarms(figures: Figures, now: datetime, free_bytes: int, *, is_current: bool) -> Iterator[Alarm]:
    """What a supervisor must know at once, the worst first. docs/operations.md says what to do about each."""
    if figures.chain.fault is not None:
        yield Alarm("Le registre des preuves est altéré", f"{fault_words(figures)}. {BROKEN}")
    if not is_current:
        yield Alarm("La base n’est pas au dernier schéma", "Lancez «\u00a0portal migrate\u00a0» sur le serveur.")
    if free_bytes < LEAST_FREE_BYTES:
        yield Alarm("Il reste peu de place", "Faites de la place sur le disque des données, ou agrandissez-le.")
    if figures.backup_at is None or now - figures.backup_at > BACKUP_DUE:
        yield Alarm("La sauvegarde manque", f"{_since(figures.backup_at)} {BACK_UP}")
    if figures.failed or figures.late:
        yield Alarm("Des tâches ne passent pas", "Ouvrez la liste des tâches\u00a0: la cause y est écrite.")
    if figures.refused_letters:
        yield Alarm("Des e-mails ne sont pas partis", "Ouvrez le courrier\u00a0: relancez-les, ou corrigez l’adresse.")
    if figures.evidence_rows and (figures.chain.at is None or now - figures.chain.at > VERIFIED_DUE):
        yield Alarm("Les preuves n’ont pas été vérifiées depuis longtemps", "Demandez une vérification ci-dessous.")


def fault_words(figures: Figures) -> str:
    """Which row is at fault; in what, `portal audit verify` says."""
    fault = figures.chain.fault
    return f"La ligne {whole(fault.seq)} n’est plus telle qu’elle a été écrite" if fault else "Aucune anomalie"


def _since(at: datetime | None) -> str:
    return f"La dernière date du {local_time(at)}." if at else "Aucune n’a été faite."
