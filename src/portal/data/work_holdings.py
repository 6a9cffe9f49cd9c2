"""What the desk's work leaves about an account: of whom a request is, and of the agents who work on it."""

from portal.data.holdings import INTERNAL, PROOF, STAFF, Held

# Personal data all the same (article 15 of the GDPR): copied on demand, after a reading that spares others (15.4).
NOTE = "note interne\u00a0: le délégué à la protection des données vous en donne une copie sur demande"

WORK_HOLDINGS: dict[str, Held] = {
    "work_step": Held(
        "Suivi interne de vos dossiers",
        column="about_id",
        withheld=dict.fromkeys(("by", "to_id"), STAFF) | {"text_encrypted": NOTE, "item_id": INTERNAL},
        blank={"text_encrypted": None},
        kept_for=PROOF,
    ),
    "work_presence": Held("Dossiers que vous avez ouverts à l’instant", is_deleted=True),
    "work_view": Held("Filtres que vous avez enregistrés", is_deleted=True),
    "desk_duty": Held("Vos missions", withheld={"given_by": STAFF}, is_deleted=True),
    "desk_absence": Held("Vos absences", withheld={"declared_by": STAFF}, is_deleted=True),
}
