"""A page and its ``.json`` twin, from one function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from enum import Enum
from functools import wraps
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern, path


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a view answers. ``data`` is what both the template and the twin are given, ``extra`` what only the
    template needs, a form for example. ``trail`` are the pages above this one: label and address.
    """

    template: str
    title: str
    data: Mapping[str, Any]
    extra: Mapping[str, Any] = field(default_factory=dict)
    trail: tuple[tuple[str, str], ...] = ()
    status: int = 200


Answer = Page | HttpResponse


def twin(route: str, view: Callable[..., Answer], name: str) -> list[URLPattern]:
    """Two addresses for one view: ``route`` shows the page, the same with ``.json`` what is on it.

    >>> [str(p.pattern) for p in twin("runs/<int:run>/", view, "run")]
    ['runs/<int:run>/', 'runs/<int:run>.json']
    """
    data = f"{route.removesuffix('/') or 'home'}.json"
    return [
        path(route, as_page(view), name=name),
        path(data, as_data(view), name=f"{name}.json"),
    ]


def as_page(view: Callable[..., Answer]) -> Callable[..., HttpResponse]:
    """The view as Django calls it, with its page rendered; ``HX-Request`` changes nothing but the frame."""

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer = view(request, *args, **kwargs)
        if isinstance(answer, HttpResponse):
            return answer
        context = {**answer.data, **answer.extra, "title": answer.title, "trail": answer.trail}
        return render(request, answer.template, context, status=answer.status)

    return shown


def as_data(view: Callable[..., Answer]) -> Callable[..., HttpResponse]:
    """The view as its twin: what is on the page, as JSON. Only to be read."""

    @wraps(view)
    def told(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return JsonResponse({"status": "error", "message": "Only to be read."}, status=405)
        answer = view(request, *args, **kwargs)
        if isinstance(answer, HttpResponse):
            return answer
        return JsonResponse(dict(answer.data), status=answer.status, encoder=PlainEncoder)

    return told


class PlainEncoder(DjangoJSONEncoder):
    """Values of the service as JSON: dataclasses as objects, states by their words."""

    def default(self, o: Any) -> Any:
        if is_dataclass(o) and not isinstance(o, type):
            return asdict(o)
        if isinstance(o, Enum):
            return o.value
        return super().default(o)
