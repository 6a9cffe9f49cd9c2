"""Forms as a browser without scripts would fill and send them."""

from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

from tests.support.html import Html, shown, text_of

SENT_ONLY_IF_CHECKED = {"checkbox", "radio"}
NEVER_SENT = {"submit", "button", "reset", "image", "file"}


@dataclass
class Form:
    """A form of a page, with what it would send now."""

    action: str
    method: str
    values: dict[str, list[str]]
    node: LexborNode
    hx_post: str | None = None
    hx_get: str | None = None
    allowed: dict[str, list[str]] = field(default_factory=dict)

    def fill(self, fields: dict[str, str | list[str] | None]) -> None:
        """Enters values; None or [] unticks. A name or a choice that the form does not offer is an AssertionError."""
        for name, value in fields.items():
            given = [] if value is None else [value] if isinstance(value, str) else list(value)
            assert name in self.values, f"{shown(self.node)} has no field {name!r}, but {sorted(self.values)}"
            foreign = [one for one in given if name in self.allowed and one not in self.allowed[name]]
            assert not foreign, f"{name!r} offers {self.allowed[name]}, not {foreign}"
            self.values[name] = given

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """What is sent, in order."""
        return [(name, value) for name, values in self.values.items() for value in values]


def read_form(page: Html, selector: str, button: str | None = None) -> Form:
    """The only form for a selector; `button` is the text of the button that is pressed (the first one by default)."""
    node = page.one(selector)
    assert node.tag == "form", f"{shown(node)} is no form"
    form = Form(
        action=node.attributes.get("action") or "",
        method=(node.attributes.get("method") or "get").lower(),
        values={},
        node=node,
        hx_post=node.attributes.get("hx-post"),
        hx_get=node.attributes.get("hx-get"),
    )
    for control in _controls(page, node):
        _add(form, control)
    _press(form, _button(page, node, button))
    return form


def _controls(page: Html, form: LexborNode) -> list[LexborNode]:
    inside = form.css("input, select, textarea")
    name = form.attributes.get("id")
    outside = page.css(f'input[form="{name}"], select[form="{name}"], textarea[form="{name}"]') if name else []
    return [control for control in [*inside, *outside] if "disabled" not in control.attributes]


def _add(form: Form, control: LexborNode) -> None:
    name, kind = control.attributes.get("name"), (control.attributes.get("type") or "text").lower()
    if not name or (control.tag == "input" and kind in NEVER_SENT):
        return
    values = form.values.setdefault(name, [])
    if control.tag == "select":
        _add_select(form, name, control)
    elif control.tag == "textarea":
        values.append(control.text())
    elif kind in SENT_ONLY_IF_CHECKED:
        value = control.attributes.get("value") or "on"
        form.allowed.setdefault(name, []).append(value)
        values.extend([value] if "checked" in control.attributes else [])
    else:
        values.append(control.attributes.get("value") or "")


def _add_select(form: Form, name: str, control: LexborNode) -> None:
    options = {option_value(option): option for option in control.css("option")}
    form.allowed[name] = list(options)
    chosen = [value for value, option in options.items() if "selected" in option.attributes]
    is_multiple = "multiple" in control.attributes
    form.values[name].extend(chosen if is_multiple else chosen[-1:] or list(options)[:1])


def option_value(option: LexborNode) -> str:
    """What an option sends: its value, or its text when it has none."""
    value = option.attributes.get("value")
    return text_of(option) if value is None and "value" not in option.attributes else value or ""


def _button(page: Html, form: LexborNode, text: str | None) -> LexborNode | None:
    name = form.attributes.get("id")
    buttons = form.css("button:not([type=button]):not([type=reset])") + (
        page.css(f'button[form="{name}"]') if name else []
    )
    if text is None:
        return buttons[0] if buttons else None
    found = [button for button in buttons if text_of(button) == text]
    assert len(found) == 1, f"{len(found)} buttons say {text!r}: {[text_of(button) for button in buttons]}"
    return found[0]


def _press(form: Form, button: LexborNode | None) -> None:
    if button is None:
        return
    form.action = button.attributes.get("formaction") or form.action
    name = button.attributes.get("name")
    if name:
        form.values[name] = [button.attributes.get("value") or ""]
