"""Commands about people: list, add, reset, role, deactivate, activate. For whoever may use the machine."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from headcount.cli.output import Json, print_json, print_table

if TYPE_CHECKING:
    from headcount.service.people import Person

USUAL = "http://127.0.0.1:8000"  # where headcount serve answers unless it is told otherwise
Name = Annotated[str, typer.Argument(metavar="NAME", help="The username.")]
Role = Annotated[str, typer.Argument(metavar="ROLE", help="owner, editor, operator or viewer.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    group = typer.Typer(help="People who may use the pages and the API.", no_args_is_help=True)
    group.command("list")(list_)
    for command in (add, reset, role, deactivate, activate):
        group.command()(command)
    app.add_typer(group, name="users")


def list_(as_json: Json = False) -> None:
    """Everybody, with role and access."""
    from headcount.service.people import listing

    found = listing()
    if as_json:
        print_json([asdict(person) for person in found])
    elif not found:
        typer.echo("Nobody yet. headcount serve prints a link to create the Owner.")
    else:
        heads = ("username", "name", "role", "access", "tokens", "signed in")
        print_table(
            heads, ((p.username, p.name, p.role, _access(p), p.tokens, p.last_sign_in) for p in found)
        )


def _access(person: Person) -> str:
    if not person.active:
        return "deactivated"
    return "active" if person.can_sign_in else "no password yet"


def add(
    name: Name,
    role: Annotated[str, typer.Option(metavar="ROLE", help="owner, editor, operator or viewer.")] = "viewer",
    shown: Annotated[str, typer.Option("--name", metavar="NAME", help="What others see.")] = "",
) -> None:
    """Add somebody and print the link with which they set their password."""
    from headcount.service.people import add as add_person

    _print_link(add_person(name, role, name=shown).username)


def reset(name: Name) -> None:
    """Print a link with which somebody sets a new password. It works once; the old password works until then."""
    _print_link(name)


def role(name: Name, role: Role) -> None:
    """Give somebody a role. The last Owner stays one."""
    from headcount.service.people import change_role

    person = change_role(name, role)
    typer.echo(f"{person.username} is {person.role}.")


def deactivate(name: Name) -> None:
    """End somebody's sessions and tokens; nothing is deleted."""
    from headcount.service.people import deactivate as end

    typer.echo(f"{end(name).username} is deactivated.")


def activate(name: Name) -> None:
    """Let somebody in again who was deactivated, or who has to wait after too many failed tries."""
    from headcount.service.people import activate as begin

    typer.echo(f"{begin(name).username} may sign in.")


def _print_link(username: str) -> None:
    from headcount.service.welcome import OWN_PASSWORD_WITHIN, link_path

    known = os.environ.get("HEADCOUNT_PUBLIC_URL", "").rstrip("/")
    typer.echo(f"{known or USUAL}{link_path(username)}")
    typer.echo(f"Hand it to {username}: it works once, for {OWN_PASSWORD_WITHIN.days} days.", err=True)
    if not known:
        typer.echo(f"Is headcount serve reached elsewhere? Put that in the place of {USUAL}.", err=True)
