"""The person's own account: /compte, and how to reach that person: /compte/coordonnees."""

from litestar import Response
from litestar.response import Redirect
from litestar.types import Guard

from portal.data.accounts import ROLE_LABELS, Role, Space
from portal.data.deletion import deletion_under_way
from portal.data.email_changes import pending_email_change
from portal.data.evidence import Action
from portal.data.own_account import OwnAccount, change_phone, own_account
from portal.formatting import day_in_france, long_date
from portal.forms import FieldError, phone_of, single_values
from portal.permissions import Permission, recently_confirmed, requires
from portal.rendering import Crumb, render_page
from portal.routing import async_action, page
from portal.web import PortalRequest

TITLE = "Votre compte"
WRONG_PHONE = "Saisissez un numéro de téléphone, par exemple 06 12 34 56 78 ou +41 22 345 67 89, ou laissez vide."
SOURCES = {Space.MEMBER: "contrat", Space.EMPLOYER: "contrat collectif", Space.PROVIDER: "convention"}
NUMBER_LABELS = {14: "SIRET", 11: "RPPS", 9: "FINESS"}
LINKS = (
    ("member.bank", "bank", "Coordonnées bancaires"),
    ("member.sharing", "eye", "Qui voit vos prestations"),
    ("member.autonomy", "user", "Soins à vous seul dès 16 ans"),
    ("security", "shield", "Sécurité et sessions"),
    ("activity", "clock", "Activité"),
    ("notifications", "bell", "Notifications"),
    ("terms.mine", "file", "Conditions acceptées"),
    ("data", "download", "Vos données"),
)
OPTIONS = {"email": "email.change", "contact": "contact", "deletion": "deletion.ask", "correction": "data.ask"}
CONTACT: list[Guard] = [requires(Permission.CONTACT_CHANGE), recently_confirmed]


@page("/compte", name="account", guards=[requires(Permission.ACCOUNT_READ)])
def account_page(request: PortalRequest) -> Response[bytes]:
    account = own_account(request.db, request.viewer)
    return render_page(
        request,
        "account/own/index.html",
        TITLE,
        crumbs=[_home(request)],
        account=account,
        updated_at=account.phone_changed_at or account.created_at,
        identity=_identity(account),
        source=SOURCES.get(Space(request.viewer.space), "dossier"),
        links=_links(request),
        may={name: _may(request, handler) for name, handler in OPTIONS.items()},
        change=pending_email_change(request.db, request.viewer, request.now),
        deletion=deletion_under_way(request.db, request.viewer, request.now),
    )


@page("/compte/coordonnees", name="contact", guards=CONTACT)
def contact_page(request: PortalRequest) -> Response[bytes]:
    return _contact(request, own_account(request.db, request.viewer).phone)


@async_action("/compte/coordonnees", name="contact.change", guards=CONTACT)
async def change_contact(request: PortalRequest) -> Response[bytes] | Redirect:
    typed = single_values(await request.form(), ("telephone",))["telephone"].strip()
    phone = phone_of(typed) if typed else ""
    if phone is None:
        return await request.database.run(_contact, request, typed, [FieldError("telephone", WRONG_PHONE)])
    await request.database.run_writing(_keep_phone, request, phone)
    return Redirect(request.services.urls("account"), status_code=303)


def account_crumbs(request: PortalRequest) -> list[Crumb]:
    """The way to a page of the account; at the step that accepts terms, the account itself is still closed."""
    return [_home(request), Crumb(TITLE, request.services.urls("account"))] if _may(request, "account") else []


def _contact(request: PortalRequest, phone: str, errors: list[FieldError] | None = None) -> Response[bytes]:
    crumbs = account_crumbs(request)
    return render_page(
        request, "account/own/contact.html", "Votre téléphone", crumbs=crumbs, errors=errors or [], phone=phone
    )


def _keep_phone(request: PortalRequest, phone: str) -> None:
    with request.database.write() as db:
        if change_phone(db, request.viewer, phone, request.now):
            request.record(db, Action.CONTACT_CHANGED, "telephone")


def _home(request: PortalRequest) -> Crumb:
    return Crumb("Accueil", request.services.urls("start"))


def _may(request: PortalRequest, name: str) -> bool:
    return request.services.site.is_permitted(request.viewer, name)


def _links(request: PortalRequest) -> list[tuple[str, str, str]]:
    """The account's other pages that this viewer may open: address, icon, name."""
    return [(request.services.urls(name), icon, label) for name, icon, label in LINKS if _may(request, name)]


def _identity(account: OwnAccount) -> list[tuple[str, str]]:
    who = account.identity
    rows = [
        ("Nom", who.name),
        ("Date de naissance", long_date(who.birth_date) if who.birth_date else ""),
        ("Organisme", who.organisation),
        (NUMBER_LABELS.get(len(who.number or ""), "Numéro"), who.number or ""),
        ("Rôle", ROLE_LABELS[Role(account.role)]),
        ("Identifiant de connexion", account.identifier),
        ("Compte ouvert le", long_date(day_in_france(account.created_at))),
    ]
    return [(label, value) for label, value in rows if value]
