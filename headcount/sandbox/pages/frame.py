"""What every page has: the notice, the menu, the name in the top right corner."""

from starlette.responses import Response

from headcount.sandbox.pages.markup import Markup, link, render, tag
from headcount.sandbox.pages.visitor import Visitor
from headcount.sandbox.workspace import Workspace

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
NOTICE = "This is Headcount's sandbox, a local stand-in for Customer.io. Nothing here leaves this machine."
MENU = (
    ("People", "people"),
    ("Events", "events"),
    ("Segments", "segments"),
    ("Objects", "objects"),
    ("Activity Log", "activity"),
    ("API Requests", "requests"),
)


def page(
    title: str,
    *content: object,
    visitor: Visitor | None = None,
    workspace: Workspace | None = None,
    workspaces: list[Workspace] | None = None,
    action: Markup | None = None,
    status: int = 200,
) -> Response:
    """action is the page's one button, top right of the title."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{title} · Sandbox"),
        tag("link", rel="stylesheet", href="/_sandbox/static/sandbox.css"),
    )
    heading = tag("div", tag("h1", title), action, class_="heading")
    main = tag("main", heading, *content)
    body = tag("body", _top(visitor), tag("div", _side(workspace, workspaces or []), main, class_="columns"))
    html = "<!doctype html>" + tag("html", head, body, lang="en")
    return Response(html, status, headers=HEADERS, media_type="text/html")


def _top(visitor: Visitor | None) -> Markup:
    menu = None
    if visitor:
        entries = tag("div", link("/settings", "Account Settings"), _sign_out(visitor), class_="entries")
        menu = tag("details", tag("summary", visitor.name), entries, class_="menu")
    return render(
        [
            tag("p", NOTICE, class_="notice", role="note"),
            tag("header", link("/", "Customer.io sandbox", class_="brand"), menu),
        ]
    )


def _sign_out(visitor: Visitor) -> Markup:
    return post_form("/sign-out", visitor, tag("button", "Sign out", class_="plain"))


def _side(workspace: Workspace | None, workspaces: list[Workspace]) -> Markup | None:
    if workspace is None:
        return None
    here = workspace.profile.id
    others = [
        tag("li", link(f"/workspaces/{each.profile.id}/people", each.profile.name))
        if each is not workspace
        else None
        for each in workspaces
    ]
    switch = tag("details", tag("summary", workspace.profile.name), tag("ul", others), class_="switch")
    entries = [tag("li", link(f"/workspaces/{here}/{path}", text)) for text, path in MENU]
    return tag("nav", switch, tag("ul", entries), aria_label="Workspace")


def post_form(where: str, visitor: Visitor, *content: object) -> Markup:
    token = tag("input", type="hidden", name="token", value=visitor.token)
    return tag("form", token, *content, method="post", action=where)


def search_form(label: str, value: str, placeholder: str) -> Markup:
    box = tag("input", name="q", value=value, placeholder=placeholder, aria_label=label, type="search")
    return tag("form", box, tag("button", "Search"), class_="search", method="get")


def pager(base: str, query: str, start: int, step: int, more: bool) -> Markup:
    """Links to the page before and after; query is already encoded."""
    back = link(
        f"{base}?{query}start={max(start - step, 0)}", "Newer" if "people" not in base else "Previous"
    )
    on = link(f"{base}?{query}start={start + step}", "Older" if "people" not in base else "Next")
    return tag("p", back if start else None, " ", on if more else None, class_="pager")
