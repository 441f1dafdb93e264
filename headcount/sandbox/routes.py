"""Finds the function for a method and a path of decoded segments."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

Handler = TypeVar("Handler", bound=Callable[..., object])


@dataclass(frozen=True)
class Route(Generic[Handler]):
    """In pattern, a segment * stands for any one segment, which the handler gets as an argument."""

    method: str
    pattern: str
    handler: Handler


class Routes(Generic[Handler]):
    def __init__(self, routes: Iterable[Route[Handler]]) -> None:
        self._by_length: dict[tuple[str, int], list[tuple[tuple[str, ...], Handler]]] = {}
        for route in routes:
            pattern = tuple(route.pattern.strip("/").split("/"))
            self._by_length.setdefault((route.method, len(pattern)), []).append((pattern, route.handler))

    def find(self, method: str, parts: tuple[str, ...]) -> tuple[Handler, list[str]] | None:
        """The handler and the segments that stood for *; None when nothing fits."""
        for pattern, handler in self._by_length.get((method, len(parts)), ()):
            if all(want in ("*", have) for want, have in zip(pattern, parts, strict=True)):
                return handler, [have for want, have in zip(pattern, parts, strict=True) if want == "*"]
        return None
