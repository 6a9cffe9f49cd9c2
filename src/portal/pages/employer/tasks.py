"""What waits for somebody on the employer's start page: one entry for each kind of thing, in the order of urgency.

Another area adds a function of its data module that finds what waits, and a line here.
"""

from portal.bank_areas import COMPANY_BANK
from portal.case_links import CASE
from portal.data.company_bank import change_to_approve
from portal.data.contribution_disputes import disputes_to_answer
from portal.data.contribution_reading import late_calls
from portal.data.departures import portability_ending
from portal.data.employee_imports import files_to_finish, rows_to_correct
from portal.data.employee_rows import Sort, State
from portal.data.exemption_register import Shown, exemptions_to_renew, exemptions_unproven, exemptions_waiting
from portal.data.invitations import invitations_expired
from portal.data.mandating import mandates_ending
from portal.data.waiting import Waiting
from portal.formatting import NBSP, long_date, money, plural
from portal.pages.employer.contributions import CALL
from portal.pages.employer.import_context import FILE
from portal.pages.employer.mandates import KIND as MANDATE
from portal.tasks import Kind


def _late(found: Waiting) -> tuple[str, str]:
    since = f" depuis le {long_date(found.on)}" if found.on else ""
    text = "Si vous venez de payer, le paiement apparaîtra ici dès que nous l’aurons reçu."
    return f"{plural(found.count, 'bordereau', 'bordereaux')} en retard{since}{NBSP}: {money(found.cents)}", text


def _dispute(found: Waiting) -> tuple[str, str]:
    title = "Une contestation attend" if found.count < 2 else f"{plural(found.count, 'contestation')} attendent"
    return f"{title} une réponse de votre part", "Un document ou une précision manque à la mutuelle pour décider."


def _refused(found: Waiting) -> tuple[str, str]:
    text = "Téléchargez-les avec leurs motifs, corrigez-les, puis envoyez le fichier corrigé."
    return f"{plural(found.count, 'ligne refusée', 'lignes refusées')} dans vos fichiers de salariés", text


def _unfinished(found: Waiting) -> tuple[str, str]:
    text = "Confirmez ses colonnes ou appliquez le résultat du contrôle : rien n’a encore changé."
    return f"{plural(found.count, 'fichier')} de salariés à terminer", text.replace(" :", f"{NBSP}:")


def _portability(found: Waiting) -> tuple[str, str]:
    day = f"{NBSP}: la première, le {long_date(found.on)}" if found.on else ""
    title = f"{plural(found.count, 'portabilité')} à échéance dans les trente jours{day}"
    return title, "Nous écrivons aux personnes concernées. Vous n’avez rien à faire, sauf si une date est fausse."


def _mandate(found: Waiting) -> tuple[str, str]:
    day = f", à partir du {long_date(found.on)}" if found.on else ""
    title = f"{plural(found.count, 'mandat')} à échéance dans les trente jours{day}"
    return title, "Prolongez ceux qui doivent l’être, sinon leur accès s’arrêtera."


def _bank(found: Waiting) -> tuple[str, str]:
    day = f" avant le {long_date(found.on)}" if found.on else ""
    return f"Un changement de compte bancaire à approuver{day}", "Sans votre accord d’ici là, il sera abandonné."


def _asked(found: Waiting) -> tuple[str, str]:
    title = f"{plural(found.count, 'demande')} de dispense à décider"
    return title, "Tant que vous n’avez pas décidé, rien ne change pour le salarié."


def _renew(found: Waiting) -> tuple[str, str]:
    day = f"{NBSP}: la première, le {long_date(found.on)}" if found.on else ""
    title = f"{plural(found.count, 'dispense')} à renouveler ou à terminer{day}"
    return title, "Demandez un nouveau justificatif au salarié ; sans lui, il doit être affilié.".replace(
        " ;", f"{NBSP};"
    )


def _unproven(found: Waiting) -> tuple[str, str]:
    title = f"{plural(found.count, 'dispense')} dont une pièce manque"
    return title, "En cas de contrôle, l’URSSAF demande l’écrit du salarié et son justificatif."


def _expired(found: Waiting) -> tuple[str, str]:
    title = f"{plural(found.count, 'invitation expirée', 'invitations expirées')} sans réponse du salarié"
    again = "Renvoyez-la" if found.count == 1 else "Renvoyez-les"
    return title, f"{again}{NBSP}: ce que le salarié a déjà saisi est gardé."


KINDS = (
    Kind(late_calls, _late, "Voir le bordereau", "employer.contribution", ("call", CALL), tone="bad"),
    Kind(change_to_approve, _bank, "Lire la demande", "employer.bank.approval", ("change", COMPANY_BANK.name)),
    Kind(exemptions_waiting, _asked, "Décider", "employer.exemptions", query={"etat": Shown.WAITING.value}),
    Kind(
        exemptions_to_renew, _renew, "Voir ces dispenses", "employer.exemptions", query={"etat": Shown.TO_RENEW.value}
    ),
    Kind(
        exemptions_unproven, _unproven, "Voir ces dispenses", "employer.exemptions", query={"etat": Shown.MISSING.value}
    ),
    Kind(invitations_expired, _expired, "Voir les invitations", "employer.invitations"),
    Kind(disputes_to_answer, _dispute, "Répondre", "employer.contribution.dispute", ("case", CASE)),
    Kind(rows_to_correct, _refused, "Voir le fichier", "employer.import", ("file", FILE)),
    Kind(files_to_finish, _unfinished, "Terminer", "employer.import", ("file", FILE)),
    Kind(mandates_ending, _mandate, "Voir le mandat", "employer.mandate", ("mandate", MANDATE)),
    Kind(
        portability_ending,
        _portability,
        "Voir ces salariés",
        "employer.employees",
        query={"etat": State.PORTABLE.value, "tri": Sort.SINCE.value},
        tone="info",
    ),
)
