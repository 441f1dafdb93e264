"""What every answer looks like: ``status``, ``data``, and for lists ``pagination``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Generic, Literal, TypeVar

from django.http import HttpRequest
from ninja import Path, Schema
from pydantic import Field

from headcount.service.register.slices import Slice, Sliced
from headcount.service.slices import Slice as Part

T = TypeVar("T")
S = TypeVar("S")

LARGEST = 2**63 - 1
Number = Annotated[int, Path(ge=1, le=LARGEST)]  # an id in an address


class Paging(Schema):
    """Which part of a list is wanted."""

    page: int = Field(1, ge=1, le=1_000_000_000, description="Counts from 1.")
    per_page: int = Field(25, ge=1, le=100, description="Entries of one page.")
    order: Literal["asc", "desc"] = Field("desc", description="By the time of creation.")

    def slice(self) -> Slice:
        return Slice(page=self.page, per_page=self.per_page, newest_first=self.order == "desc")


class After(Schema):
    """Where the wanted part of a long list begins: behind this entry, as the part before said in ``next_after``."""

    after: int | None = Field(None, ge=0, le=LARGEST)


class Pagination(Schema):
    """Where in a list one page is."""

    total_records: int
    per_page: int
    prev_page: int | None
    page: int
    next_page: int | None
    last_page: int


class One(Schema, Generic[T]):
    """One thing. ``status`` is ``success``, or what was done to it: ``created``, ``updated``."""

    status: Literal["success", "created", "updated"] = "success"
    data: T


class Many(Schema, Generic[T]):
    """A page of a list. ``next`` is the address of the next page."""

    status: Literal["success"] = "success"
    data: list[T]
    pagination: Pagination
    next: str | None


class Some(Schema, Generic[T]):
    """A part of a list too long to be counted. ``next_after`` is what the next part is asked for with, as ``after``."""

    status: Literal["success"] = "success"
    data: list[T]
    next_after: int | None


class Gone(Schema):
    """It was deleted."""

    status: Literal["deleted"] = "deleted"


class Wrong(Schema):
    """One field that is wrong, and the mend. ``field`` is a path into what was sent, such as ``mappings[0].to``."""

    field: str
    message: str
    hint: str = ""


class Failure(Schema):
    """What went wrong, and what to do."""

    status: Literal["error"] = "error"
    message: str
    hint: str = ""
    errors: tuple[Wrong, ...] = ()


_FAILURES = {
    400: "The body is no JSON.",
    401: "No token, or one that is not known.",
    403: "The token's role may not do this.",
    404: "There is no such thing.",
    409: "It does not fit the present state.",
    413: "The body is too large.",
    422: "Something has to be mended: in the request (errors say what), in the source, in the workspace.",
    429: "Too many requests; Retry-After says when to go on.",
    503: "Headcount's own files cannot be used now; try again.",
}


def answers(*shapes: Any, status: int = 200) -> dict[int, Any]:
    """For a route's ``response``: its shape, and what every route may answer instead."""
    (shape,) = shapes
    return {status: shape, **dict.fromkeys(_FAILURES, Failure)}


def many(request: HttpRequest, found: Sliced[S], shape: Callable[[S], T]) -> dict[str, Any]:
    """A part of a list in its envelope."""
    wanted = found.slice
    last = max(1, -(-found.total // wanted.per_page))
    after = wanted.page + 1 if wanted.page < last else None
    return {
        "data": [shape(item) for item in found.items],
        "pagination": {
            "total_records": found.total,
            "per_page": wanted.per_page,
            "prev_page": min(wanted.page - 1, last) if wanted.page > 1 else None,
            "page": wanted.page,
            "next_page": after,
            "last_page": last,
        },
        "next": _address(request, after) if after else None,
    }


def _address(request: HttpRequest, page: int) -> str:
    query = request.GET.copy()
    query["page"] = str(page)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def some(found: Part[S], shape: Callable[[S], T]) -> dict[str, Any]:
    """A part of a long list in its envelope."""
    return {"data": [shape(row) for row in found.rows], "next_after": found.next}
