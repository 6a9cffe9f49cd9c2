"""What weighs on a line that an agent settles, long after the care perhaps: pure arithmetic, as in `rules`."""

from collections.abc import Iterable

from portal.data.rules import PastLine, Terms, Used, acts_counted, in_period, used_before


def used_in_all(line: PastLine, history: Iterable[PastLine], terms: Terms | None) -> Used:
    """What weighs on a line that is settled now, whatever the day of its care: of the rule, all that was paid within
    the same period, before or after that day; of the patient's caps, what came before."""
    past = [one for one in history if one.reference != line.reference]
    used = used_before(line, past, terms)
    if terms is None:
        return used
    weighing = [one for one in past if _weighs(one, line, terms)]
    acts = sum(acts_counted(one.quantity, one.supplementary_cents) for one in weighing)
    return used._replace(acts=acts, cents=sum(one.supplementary_cents for one in weighing))


def _weighs(past: PastLine, line: PastLine, terms: Terms) -> bool:
    if past.rule_code != terms.code or past.contract_id != line.contract_id:
        return False
    early, late = sorted((past.care_date, line.care_date))
    return in_period(early, late, terms.renewal_months)
