"""Segments. The sandbox computes none: members of a dynamic one never change here."""

from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Segment:
    id: int
    name: str
    description: str
    manual: bool
    created_at: int
    updated_at: int
    members: set[str] = field(default_factory=set)  # cio_ids


class Segments:
    def __init__(self) -> None:
        self.by_id: dict[int, Segment] = {}

    def add(self, name: str, description: str, at: int, *, manual: bool = True) -> Segment:
        number = max(self.by_id, default=0) + 1
        segment = Segment(number, name, description, manual, at, at)
        self.by_id[number] = segment
        return segment

    def of_person(self, cio_id: str) -> list[Segment]:
        return [segment for segment in self.by_id.values() if cio_id in segment.members]
