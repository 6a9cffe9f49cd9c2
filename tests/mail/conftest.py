"""Letters for tests of their transport: one trial template, in services whose clock is the real one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from jinja2 import ChoiceLoader, DictLoader

from portal.app import create_services
from portal.mailing.mail import Mail
from portal.templating import create_environment
from portal.web import Services

TRIAL = """{% extends form %}
{% from blocks import p, h, facts, button, strong, link, items, code %}
{% block subject %}Bienvenue {{ name }}{% endblock %}
{% block body %}
  {{ p("Bonjour " ~ name ~ ",") }}
  {% call p() %}
    Voici le mot de passe de {{ strong(name) }}, {{ link("lisez l’aide", origin ~ url("help")) }}.
  {% endcall %}
  {{ h("Et ensuite") }}
  {{ facts([("Mot de passe", secret), ("Jusqu’au", "3 mars")]) }}
  {{ items(["Un", name]) }}
  {{ code("123 456") }}
  {{ button("Commencer", origin ~ url("home")) }}
{% endblock %}
"""
SECRET = "Prune-84-Rivage"


class Clock:
    """A clock that tests set: hours pass at once."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC) + timedelta(hours=1)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def services(settings, database) -> Services:
    """The portal's services, and a letter called `trial`."""
    made = create_services(settings, database)
    pages = create_environment(settings, made.urls, made.assets)
    pages.loader = ChoiceLoader([DictLoader({"emails/trial.html": TRIAL}), pages.loader])
    return replace(made, templates=pages, mail=Mail(settings, made.keyring, pages))


@pytest.fixture
def post(services):
    """Posts a trial letter, in a transaction of its own."""

    def post_one(to: str = "claire@exemple.example", name: str = "Claire") -> None:
        with services.database.write() as db:
            services.mail.post(db, "trial", to, name=name, secret=SECRET)

    return post_one
