"""Track v2: one operation, or a batch of them with one verdict each."""

from collections.abc import Callable

from headcount.sandbox import wire
from headcount.sandbox.call import OK, Answer, Call, refusal
from headcount.sandbox.checks import Problem
from headcount.sandbox.faults import Fault
from headcount.sandbox.operations import accept
from headcount.sandbox.routes import Route, Routes
from headcount.sandbox.workspace import Workspace

NOT_JSON = Problem("invalid", "body", "must be valid JSON")
NOT_FOUND = refusal({"meta": {"error": "not found"}}, 404)
Handler = Callable[[Workspace, Call, Fault | None], Answer]


def handle(workspace: Workspace, call: Call, fault: Fault | None = None) -> Answer:
    found = ROUTES.find(call.method, call.parts)
    return found[0](workspace, call, fault) if found else NOT_FOUND


def oversize(workspace: Workspace, limit: int) -> Answer:
    problem = Problem("invalid", "body", f"cannot be longer than {limit} bytes")
    return refused([problem], workspace.settings.oversize_status)


def refused(problems: list[Problem], status: int = 400) -> Answer:
    return refusal({"errors": [problem.as_json() for problem in problems]}, status)


def entity(workspace: Workspace, call: Call, fault: Fault | None) -> Answer:
    if len(call.body) > workspace.settings.entity_bytes:
        return oversize(workspace, workspace.settings.entity_bytes)
    try:
        item = call.json()
    except ValueError:
        return refused([NOT_JSON])
    if problems := workspace.problems(item):
        return refused(list(problems))
    if fault and (spoiled := fault.spoils(0, item)):
        return refusal({"errors": [spoiled.as_json(None)]}, 400)
    accept(workspace, item, call.received)
    return OK


def read_batch(workspace: Workspace, call: Call) -> list[wire.Json] | Answer:
    """The entries, or the refusal of the whole request."""
    settings = workspace.settings
    if len(call.body) > settings.batch_bytes:
        return oversize(workspace, settings.batch_bytes)
    try:
        body = call.json()
    except ValueError:
        return refused([NOT_JSON])
    items = body.get("batch") if isinstance(body, dict) else None
    if not isinstance(items, list):
        return refused([NOT_JSON])
    if not items:
        return refused([Problem("required", "batch", "cannot be empty")])
    if settings.batch_items and len(items) > settings.batch_items:
        return refused(
            [Problem("invalid", "batch", f"cannot contain more than {settings.batch_items} entries")]
        )
    return items


def batch(workspace: Workspace, call: Call, fault: Fault | None) -> Answer:
    """200 when all entries are fine, else 207 (or 400 where all are bad, if switched so). A 4xx applies nothing."""
    items = read_batch(workspace, call)
    if isinstance(items, Answer):
        return items
    errors: list[dict[str, wire.Json]] = []
    fine: list[wire.Json] = []
    bad = spoiled = 0
    for index, item in enumerate(items):
        problems = workspace.problems(item)
        if problems:
            bad += 1
            errors += ({"batch_index": index, **problem.as_json()} for problem in problems)
        elif fault and (error := fault.spoils(index, item)):
            spoiled += 1
            errors.append(error.as_json(index))
        else:
            fine.append(item)
    status = _status(workspace, fault, len(items), bad, spoiled) if errors else 200
    if not 400 <= status < 500:
        for item in fine:
            accept(workspace, item, call.received)
    return refusal({"errors": errors}, status) if errors else OK


def _status(workspace: Workspace, fault: Fault | None, items: int, bad: int, spoiled: int) -> int:
    if spoiled and fault:
        return fault.row_status
    return workspace.settings.all_bad_status if bad == items else 207


ROUTES: Routes[Handler] = Routes(
    [Route[Handler]("POST", "/api/v2/entity", entity), Route[Handler]("POST", "/api/v2/batch", batch)]
)
