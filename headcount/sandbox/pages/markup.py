"""HTML as nested values. Text is escaped because there is no way to put it in otherwise."""

from __future__ import annotations

from html import escape

VOID = frozenset({"input", "link", "meta", "br"})


class Markup(str):
    """Text that is HTML already; only this module makes it."""

    __slots__ = ()


def render(content: object) -> Markup:
    if content is None:
        return Markup()
    if isinstance(content, Markup):
        return content
    if isinstance(content, (list, tuple)):
        return Markup("".join(map(render, content)))
    return Markup(escape(str(content)))


def tag(element: str, /, *content: object, **attributes: object) -> Markup:
    """class_ and for_ lose their underscore; True writes the bare attribute, None and False leave it out."""
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(str(value))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    inside = "" if element in VOID else f"{render(content)}</{element}>"
    return Markup(f"<{element}{written}>{inside}")


def link(where: str, *content: object, **attributes: object) -> Markup:
    return tag("a", *content, href=where, **attributes)


def table(heads: list[str], rows: list[list[object]], empty: str) -> Markup:
    """A table, or the sentence that says why there is none."""
    if not rows:
        return tag("p", empty, class_="empty")
    head = tag("thead", tag("tr", [tag("th", text, scope="col") for text in heads]))
    body = tag("tbody", [tag("tr", [tag("td", cell) for cell in row]) for row in rows])
    return tag("div", tag("table", head, body), class_="scroll")
