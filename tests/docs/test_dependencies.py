"""What an installed Headcount needs is what its package says it needs, not what the tests happen to bring along."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OPTIONAL = {"opentelemetry"}  # only when the extra is asked for
PARTS = {"pydantic_core": "pydantic"}  # of a distribution that pins them exactly


def distributions(requirements: list[str]) -> set[str]:
    return {_plain(re.split(r"[\[<>=;~! ]", line, maxsplit=1)[0]) for line in requirements}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(file: Path) -> Iterator[str]:
    """Top-level names of the modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (
                str(each.value).partition(".")[0] for each in node.args if isinstance(each, ast.Constant)
            )


def test_everything_that_is_imported_is_a_declared_dependency() -> None:
    declared, sold_by = distributions(PROJECT["dependencies"]), packages_distributions()
    undeclared = {
        (str(file.relative_to(ROOT)), module)
        for file in (ROOT / "headcount").rglob("*.py")
        for module in (PARTS.get(name, name) for name in imported(file))
        if module not in sys.stdlib_module_names | OPTIONAL | {"headcount"}
        if not declared & {_plain(name) for name in sold_by.get(module, [])}
    }
    assert undeclared == set()


def test_everything_that_is_declared_is_pinned() -> None:
    pinned = distributions((ROOT / "constraints.txt").read_text().splitlines())
    for wanted in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()):
        assert distributions(wanted) - pinned == set()
