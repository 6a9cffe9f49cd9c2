"""The tests' browser: sends what a browser sends, and audits every answer it gets."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import httpx
from litestar.testing import TestClient

from portal.app import Portal
from portal.security import OneTimeCode
from tests.support.audit import audit_document, audit_fragment
from tests.support.audit.answer import audit_answer, audit_urls
from tests.support.forms import Form, read_form
from tests.support.html import Html
from tests.support.writes import WriteWatcher

FRAGMENTS = "/fragments/"
FAILURE = 500
SEE_OTHER = 303
MOST_REDIRECTS = 5

Fields = Mapping[str, str | list[str] | None]


class AuditFailure(AssertionError):
    """An answer breaks a rule of the house; the message lists each."""


class AuditingClient:
    """Wraps Litestar's test client. `page` is the last document seen, `answer` the last answer.

    Answers are HTML unless `audit=False` says that the test asks for something else (a file, a health check); headers,
    cookies and URLs are audited in any case. An answer of 500 or more fails the test unless `failing=True`.
    """

    def __init__(self, http: TestClient[Portal], watcher: WriteWatcher | None = None) -> None:
        self.http = http
        self.app = http.app
        self.services = http.app.state.services
        self.watcher = watcher
        self.page: Html = Html("")
        self.path_of_page = "/"
        self.answer: httpx.Response

    def url(self, name: str, query: dict[str, Any] | None = None, **parameters: str) -> str:
        """The path of a handler by its name."""
        path: str = self.services.urls(name, query, **parameters)
        return path

    # --- requests ---

    def get(
        self, path: str, *, follow: bool = False, audit: bool = True, failing: bool = False, **options: Any
    ) -> Html:
        """Asks for a page; `follow` goes along redirections. Returns the page."""
        headers = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"} | options.pop("headers", {})
        self._request("GET", path, audit=audit, failing=failing, headers=headers, **options)
        if follow:
            self._follow()
        return self.page

    def post(self, path: str, data: Any = None, *, audit: bool = True, failing: bool = False, **options: Any) -> Html:
        """Sends fields as they are, also ones that no form offers. `submit` is for what people do."""
        headers = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate"} | options.pop("headers", {})
        self._request("POST", path, audit=audit, failing=failing, headers=headers, data=data, **options)
        return self.page

    def fragment(
        self, path: str, data: Any = None, *, method: str = "GET", failing: bool = False, target: str = ""
    ) -> Html:
        """Asks for a fragment as htmx does, to put it at `target` (an id). `page` stays; returns the fragment."""
        headers = {"HX-Request": "true", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
        headers |= {"HX-Target": target} if target else {}
        self._request(method, path, audit=True, failing=failing, headers=headers, data=data)
        return Html(self.answer.text, is_fragment=True)

    def submit(
        self, selector: str = "main form", *, button: str | None = None, follow: bool = True, **fields: Any
    ) -> Html:
        """Fills the page's form and presses its button, without scripts. Follows the 303 of a success."""
        form = self.form(selector, button)
        form.fill(fields)
        self.send(form)
        if follow:
            self._follow()
        return self.page

    def form(self, selector: str = "main form", button: str | None = None) -> Form:
        """A form of the current page, to be filled and sent."""
        return read_form(self.page, selector, button)

    def send(self, form: Form) -> Html:
        """Sends a form to its action by its method."""
        target = urljoin(self.path_of_page, form.action)
        if form.method == "get":
            return self.get(f"{target.partition('?')[0]}?{urlencode(form.pairs)}")
        body = urlencode(form.pairs)
        return self.post(target, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})

    def click(self, text: str, *, follow: bool = True, audit: bool = True) -> Html:
        """Follows the page's link with this text (or accessible name)."""
        links = [node for node in self.page.css("a[href]") if _name_of(node) == text]
        targets = {node.attributes["href"] or "" for node in links}
        assert len(targets) == 1, f"{len(targets)} links lead somewhere under the name {text!r}"
        return self.get(urljoin(self.path_of_page, targets.pop()), follow=follow, audit=audit)

    # --- sessions ---

    def sign_in(self, identifier: str, password: str, totp: str | None = None) -> Html:
        """Signs in by the forms; `totp`: the secret whose code answers the second factor. Returns the page reached."""
        self.get(self.url("sign-in"))
        form = self._form_with('input[autocomplete="current-password"]')
        fields = {
            _only(form, 'input[autocomplete="username"]'): identifier,
            _only(form, 'input[autocomplete="current-password"]'): password,
        }
        form.fill(fields)
        self.send(form)
        self._follow()
        if totp is not None and self.page.first('input[autocomplete="one-time-code"]'):
            self.answer_code(OneTimeCode(totp).now())
        return self.page

    def answer_code(self, code: str) -> Html:
        """Gives a code to the form that asks for one."""
        form = self._form_with('input[autocomplete="one-time-code"]')
        form.fill({_only(form, 'input[autocomplete="one-time-code"]'): code})
        self.send(form)
        self._follow()
        return self.page

    def sign_out(self) -> Html:
        """Presses the sign-out button."""
        return self.submit(f'form[action="{self.url("sign-out")}"]')

    @property
    def path(self) -> str:
        """Path and query of the last answer (`path_of_page`: of the page that is still shown)."""
        parts = urlsplit(str(self.answer.request.url))
        return parts.path + (f"?{parts.query}" if parts.query else "")

    @property
    def status(self) -> int:
        return self.answer.status_code

    # --- inside ---

    def _form_with(self, selector: str) -> Form:
        forms = [form for form in self.page.css("form") if form.css_first(selector)]
        assert len(forms) == 1, f"{len(forms)} forms hold {selector!r}"
        action = forms[0].attributes["action"]
        return read_form(self.page, f'form[action="{action}"]')

    def _follow(self) -> None:
        for _ in range(MOST_REDIRECTS):
            if not self.answer.is_redirect:
                return
            assert self.status == SEE_OTHER, f"a redirection is a 303, not a {self.status}"
            self.get(urljoin(self.path, self.answer.headers["location"]))
        raise AuditFailure(f"more than {MOST_REDIRECTS} redirections, the last to {self.answer.headers['location']}")

    def _request(self, method: str, path: str, *, audit: bool, failing: bool, **options: Any) -> None:
        self.answer = self._watched(method, path, **options)
        problems = audit_answer(self.answer)
        if self.answer.status_code >= FAILURE and not failing:
            problems.append(f"status {self.answer.status_code}")
        problems += self._content_problems(audit=audit)
        if problems:
            lines = "\n".join(f"  - {problem}" for problem in problems)
            raise AuditFailure(f"{method} {path} → {self.answer.status_code}:\n{lines}")

    def _watched(self, method: str, path: str, **options: Any) -> httpx.Response:
        if self.watcher is None or method not in {"GET", "HEAD"}:
            return self.http.request(method, path, follow_redirects=False, **options)
        with self.watcher.reading():
            return self.http.request(method, path, follow_redirects=False, **options)

    def _content_problems(self, *, audit: bool) -> list[str]:
        is_html = self.answer.headers.get("content-type", "").startswith("text/html")
        if not self.answer.content:
            return []
        if not is_html:
            return ["an answer for people is HTML (audit=False to ask for another kind)"] if audit else []
        if not audit:
            return ["audit=False is for answers that are not HTML"]
        return self._html_problems()

    def _html_problems(self) -> list[str]:
        text = self.answer.text
        if self.answer.request.url.path.startswith(FRAGMENTS):
            return audit_fragment(text) + audit_urls(Html(text, is_fragment=True))
        self.page, self.path_of_page = Html(text), self.path
        return audit_document(text, self.services.settings.insurer_name) + audit_urls(self.page)


def _only(form: Form, selector: str) -> str:
    names = {node.attributes.get("name") for node in form.node.css(selector)}
    assert len(names) == 1, f"{selector!r} is not one field of the form"
    return str(names.pop())


def _name_of(node: Any) -> str:
    label: str = node.attributes.get("aria-label") or " ".join(node.text().split())
    return label
