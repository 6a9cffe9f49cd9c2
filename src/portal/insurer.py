"""Who the insurer is, and its mediator, as pages and documents show them (`settings.py` reads them)."""

from pydantic import BaseModel


class Insurer(BaseModel):
    """The insurer's identity, as pages and documents show it."""

    name: str
    address: str
    phone: str
    email: str
    network: str


class Mediator(BaseModel):
    """Whom the insurer's members may ask when a complaint is not settled, as pages and documents show it."""

    name: str
    address: str
    url: str
