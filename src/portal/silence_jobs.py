"""The job behind cases whose authors say nothing: reminds them, then ends the case or takes it up again (R-71).

Each case has its transaction, with the letter and the evidence; what its author does in the meantime wins.
"""

from datetime import datetime
from functools import partial

from portal.account_jobs import do_each
from portal.case_areas import area_of
from portal.case_notices import CaseLetters, tell_of_silence
from portal.data.case_silence import Happened, author_or_person, break_silence, silent_cases
from portal.data.evidence import Action, record
from portal.web import Services

ACTOR = "batch"
# What the case's history says; for a reminder, what a letter on paper says.
WORDS = {
    Happened.REMINDED: "Nous vous avons demandé un document, et ne l’avons pas reçu. Sans lui, nous étudierons votre "
    "demande avec ce que nous avons.",
    Happened.LAPSED: "Ce que nous vous demandions n’est pas arrivé. Rien n’est refusé\u00a0: vous pouvez reprendre "
    "cette demande quand vous voulez.",
    Happened.CLOSED: "Le document que nous vous demandions n’est pas arrivé. Écrivez ici pour rouvrir la conversation.",
    Happened.RESUMED: "Ce que nous vous demandions n’est pas arrivé\u00a0: nous reprenons l’étude avec ce que nous "
    "avons.",
}
_ACTIONS = {
    Happened.REMINDED: Action.CASE_REMINDED,
    Happened.LAPSED: Action.CASE_LAPSED,
    Happened.CLOSED: Action.CASE_LAPSED,
    Happened.RESUMED: Action.CASE_RESUMED,
}


def end_silences(services: Services, now: datetime) -> int:
    """Reminds of what cases wait for, and ends those that waited in vain; how many. Raises an `ExceptionGroup` of what
    failed, once the others are done."""
    with services.database.read() as db:
        cases = silent_cases(db, now)
    return do_each(partial(_end, services, now), cases)


def _end(services: Services, now: datetime, case_id: int) -> bool:
    with services.database.write() as db:
        done = break_silence(db, services.keyring, CaseLetters(services), case_id, WORDS, now)
        if done is None:
            return False
        tell_of_silence(services, db, done.case, done.what.value, area_of(done.case).title, done.acts_on)
        details = {"by": ACTOR, "acts_on": done.acts_on.isoformat()}
        about = author_or_person(db, done.case)
        record(db, None, _ACTIONS[done.what], object=done.case.object, acting_for=about, details=details, now=now)
    return True
