"""What watches the pages in the browser sees what it must see."""

import pytest

GOOD = """<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Page</title></head>
<body><main><h1>Page</h1></main></body></html>"""


@pytest.fixture
def watched(open_tab):
    """A tab on the sign-in page; what it notes is taken away before `open_tab` judges it."""
    tab = open_tab("phone")
    tab.go("/connexion")
    yield tab
    tab.problems.clear()


def test_a_policy_violation_is_noted(watched) -> None:
    watched.page.evaluate("() => document.body.setAttribute('style', 'color: red')")
    watched.page.wait_for_timeout(200)
    assert any(problem.startswith("policy: style-src-attr") for problem in watched.problems), watched.problems


def test_a_request_to_another_machine_is_noted(watched) -> None:
    watched.page.evaluate("() => { new Image().src = 'https://cdn.example/x.png'; }")
    watched.page.wait_for_timeout(200)
    assert any("img-src https://cdn.example" in problem for problem in watched.problems), watched.problems


def test_an_error_of_a_script_is_noted(watched) -> None:
    watched.page.evaluate("() => setTimeout(() => { throw new Error('boom'); })")
    watched.page.wait_for_timeout(200)
    assert any(problem.startswith("script:") and "boom" in problem for problem in watched.problems)


def test_axe_sees_a_field_without_label(watched) -> None:
    watched.page.evaluate("() => document.querySelectorAll('main label').forEach(label => label.remove())")
    assert any(violation.startswith("label:") for violation in watched.axe())


def test_sideways_scrolling_is_seen(watched) -> None:
    watched.page.evaluate("() => { document.querySelector('h1').textContent = 'x'.repeat(400); }")
    watched.page.evaluate("() => document.querySelector('h1').style.setProperty('overflow-wrap', 'normal')")
    assert watched.overflow() != []


def test_html_checker_passes_good_and_names_bad_documents(check_html) -> None:
    errors = check_html({"good": GOOD, "bad": GOOD.replace("<h1>", "<h1><p>x</p>")})
    assert errors
    assert all(error.startswith("bad, line ") for error in errors), errors
