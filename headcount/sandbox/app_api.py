"""The App API: reads, segments and collections, for one workspace's App API key."""

from collections.abc import Callable

from headcount.sandbox import app_objects, app_people, app_segments, app_workspaces
from headcount.sandbox.account import Account
from headcount.sandbox.app_errors import AppError, problem
from headcount.sandbox.call import Answer, Call, refusal
from headcount.sandbox.routes import Routes
from headcount.sandbox.workspace import Workspace

Handler = Callable[..., Answer]
ROUTES: Routes[Handler] = Routes(
    [*app_people.ROUTES, *app_segments.ROUTES, *app_objects.ROUTES, *app_workspaces.ROUTES]
)


def handle(account: Account, workspace: Workspace, call: Call) -> Answer:
    if workspace.settings.wrong_datacenter and not call.redirected:
        return _wrong_datacenter(workspace, call)
    found = ROUTES.find(call.method, call.parts)
    if found is None:
        return problem("not found", 404)
    handler, arguments = found
    try:
        return handler(account, workspace, call, *arguments)
    except AppError as error:
        return problem(error.detail, error.status)
    except ValueError:
        return problem("the body is not valid JSON", 400)


def _wrong_datacenter(workspace: Workspace, call: Call) -> Answer:
    """Points at the region's host as the real service does, which here is a path of the sandbox itself."""
    body = {"errors": [{"detail": "wrong datacenter", "status": "301"}]}
    refused = refusal(body, 301)
    location = f"{call.base_url}/_sandbox/region/{workspace.profile.region}{call.path}"
    return Answer(status=301, body=refused.body, headers={"Location": location})
