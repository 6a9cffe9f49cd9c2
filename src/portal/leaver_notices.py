"""Letters to those who left: what follows the departure, the end of portability, the offer of the loi Évin."""

from typing import Any

from sqlmodel import Session

from portal.data.departures import LetterKind
from portal.data.group_figures import GroupFigures
from portal.data.leaver_letters import Recipient, Returned, Taken
from portal.data.leavers import Leaver
from portal.formatting import long_date
from portal.leaver_words import pieces, price_words, why_by_email
from portal.web import Services

LETTERS: dict[LetterKind, str] = {
    LetterKind.DEPARTURE: "leaver-departure",
    LetterKind.NEAR_END: "leaver-near-end",
    LetterKind.OFFER: "leaver-offer",
}


def tell_leaver(services: Services, db: Session, taken: Taken, leaver: Leaver, figures: GroupFigures) -> None:
    """Posts the letter that was taken, in its transaction. It names no care, and nobody else."""
    leaving = leaver.leaving
    said: dict[str, Any] = {
        "company": leaver.company,
        "left_on": long_date(leaving.left_on),
        "covered_until": long_date(leaving.covered_until or leaving.left_on),
        "months": leaving.months,
        "why": why_by_email(leaving, figures),
        "pieces": pieces(leaving),
        "request_until": long_date(leaver.request_until) if leaver.request_until else "",
        "prices": [
            (f"{each.year}, {each.days[0].lower()}{each.days[1:]}", each.most) for each in price_words(leaver.prices)
        ],
    }
    _post(services, db, LETTERS[taken.kind], taken.recipient, said)


def tell_of_return(services: Services, db: Session, returned: Returned) -> None:
    """Tells somebody who had been told of a departure that it was taken back."""
    _post(services, db, "leaver-cancelled", returned.recipient, {"company": returned.company})


def _post(services: Services, db: Session, letter: str, to: Recipient, said: dict[str, Any]) -> None:
    href = services.settings.origin + services.urls("member.portability")
    services.mail.post(db, letter, to.email, account_id=to.account_id, href=href, **said)
