"""Where sign-in leads back to (security A11): inside the portal, or home."""

import pytest

from portal.routing import local_path
from tests.support import factories
from tests.support.entry import ask, leave, try_password

OUTSIDE = [
    "//evil.test", "///evil.test", "/\\evil.test", "\\/evil.test", "\\\\evil.test", "https:evil.test", "https://evil.test",
    "http:/evil.test", "evil.test", "javascript:alert(1)", "data:text/html,x", "/\t/evil.test", "/\n/evil.test",
    "/adherent\r\nSet-Cookie: a=b", "/\x00", "/\x7f", "/é", "/\u3002evil.test", "/\uff0fevil.test", "/\u2025/x",
    " /adherent", "/adherent prestations", "?x", "#x", "", ".", "..", "@evil.test", "/" + "a" * 1000, "/\ud800",
]  # fmt: skip
INSIDE = [
    "/adherent/prestations",
    "/adherent/prestations?soin=dentaire&tri=date",
    "/a%0d%0ab",
    "/%2f%2fevil.test",
    "/" + "a" * 999,
]


@pytest.mark.parametrize("path", OUTSIDE, ids=ascii)
def test_path_that_leaves_the_portal_is_not_followed(path) -> None:
    assert local_path(path) is None


@pytest.mark.parametrize("path", INSIDE, ids=lambda path: path[:40])
def test_path_inside_the_portal_is_followed(path) -> None:
    assert local_path(path) == path


@pytest.mark.engines("sqlite")
class TestSignIn:
    def test_member_sent_with_a_hostile_path_goes_home(self, client, member, monkeypatch) -> None:
        monkeypatch.setattr("portal.entry.authentication.verify_password", lambda *_: True)
        for path in OUTSIDE[:-1]:
            leave(client)
            shown = ask(client, client.url("sign-in"), params={"suite": path})
            assert 'name="suite" value=""' in shown.text, path
            answer = try_password(client, member.identifier, factories.PASSWORD, fields={"suite": path})
            assert answer.headers["location"] in {"/accueil", "/"}, path

    def test_member_returns_to_the_page_that_asked_for_sign_in(self, client, member) -> None:
        wanted = "/adherent/prestations?soin=dentaire"
        asked = ask(client, wanted)
        assert asked.status_code == 303
        shown = ask(client, asked.headers["location"])
        assert 'name="suite" value="/adherent/prestations?soin=dentaire"' in shown.text
        answer = try_password(client, member.identifier, factories.PASSWORD, fields={"suite": wanted})
        assert answer.headers["location"] == wanted

    def test_employer_returns_there_after_the_code_too(self, client, employer) -> None:
        client.get("/employeur?x=1", follow=True)
        fields = {"identifiant": employer.identifier, "mot-de-passe": factories.PASSWORD}
        client.submit('form[action="/connexion"]', **fields)
        client.answer_code(factories.current_code())
        assert client.path == "/employeur?x=1"

    def test_refusal_never_redirects_outside(self, client) -> None:
        for path in ("/%0d%0aX: y", "//evil.test/adherent", "/%5cevil.test", "/adherent//evil.test"):
            location = ask(client, path).headers.get("location", "/")
            assert location.startswith("/")
            assert not location.startswith("//")
