"""Forms as a browser sends them: read from the page, filled in, sent with one of its buttons."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from django.test import Client


@dataclass
class Form(HTMLParser):
    """The inputs of the form ``id`` (or of the only one in the page's content), with their values as they stand."""

    wanted: str = ""
    inputs: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[str] = field(default_factory=list)
    _inside: bool = False
    _area: str = ""
    _select: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given.get("id", "") == self.wanted and given.get("action") != "/sign-out/"
        if not self._inside or "disabled" in given:
            return
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "input" and given.get("type") in ("checkbox", "radio"):
            if "checked" in given:
                self.inputs.append((name, value or "on"))
        elif tag == "input" and name:
            self.inputs.append((name, value))
        elif tag == "button":
            self.buttons.append(value)
        elif tag == "textarea":
            self._area = name
            self.inputs.append((name, ""))
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            self._choose(value, selected="selected" in given)

    def _choose(self, value: str, *, selected: bool) -> None:
        if selected or self._select not in dict(self.inputs):
            self._set(self._select, value)

    def _set(self, name: str, value: str) -> None:
        self.inputs = [pair for pair in self.inputs if pair[0] != name] + [(name, value)]

    def handle_data(self, data: str) -> None:
        if self._area:
            self._set(self._area, dict(self.inputs)[self._area] + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area:
            self._set(self._area, dict(self.inputs)[self._area].removeprefix("\n"))
            self._area = ""
        if tag == "select":
            self._select = ""
        if tag == "form":
            self._inside = False


class Page:
    """One page in a browser without scripts. ``press`` sends its form and is the page that comes back."""

    def __init__(self, client: Client, answer: Any, address: str, form: str = "editor") -> None:
        self.client, self.answer, self.address = client, answer, address
        self.text: str = answer.content.decode()
        self.form = Form(form)
        self.form.feed(self.text)

    def __contains__(self, words: str) -> bool:
        return words in self.text

    def value(self, name: str) -> str:
        return dict(self.form.inputs)[name]

    def press(self, do: str, **typed: str) -> Page:
        assert do in self.form.buttons, (do, self.form.buttons)
        names = {name.replace("__", "-"): value for name, value in typed.items()}
        data: dict[str, list[str]] = {}
        for name, value in self.form.inputs:
            if name not in names:
                data.setdefault(name, []).append(value)
        sent = {**data, **{name: [value] for name, value in names.items()}, "do": [do]}
        answer = self.client.post(self.address, sent)
        if "?step=" in answer.headers.get("Location", ""):
            answer = self.client.get(answer.headers["Location"])
        kind = "editor" if b'id="editor"' in answer.content else ""
        return Page(self.client, answer, self.address, kind)

    @property
    def rows(self) -> list[str]:
        """The fields of the mapping rows, in order."""
        count = int(self.value("m-count"))
        return [self.value(f"m-{number}-to") for number in range(count)]


def opened(client: Client, address: str, form: str = "editor") -> Page:
    answer = client.get(address)
    assert answer.status_code == 200, answer.content.decode()
    return Page(client, answer, address.split("?")[0], form)
