"""The handlers of the employer's space."""

from portal.pages.employer import home

HANDLERS = [
    home.home,
]
