"""One record of a sync, under an opaque name, with what may be shown of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from headcount.control.models import Sync as SyncRow
from headcount.control.trouble import told
from headcount.errors import ConfigurationError
from headcount.model import Fate
from headcount.recall import Remembered
from headcount.service.keys import canonical
from headcount.service.lines import find_sync, sync_as_of
from headcount.service.planning import FieldChange
from headcount.service.record_names import key_of, token_of
from headcount.service.story import Chapter, Story, explain
from headcount.service.veil import Veil, Veils


@dataclass(frozen=True, kw_only=True)
class Record:
    """A record's story. ``known`` is False when neither the state nor a plan that is still kept knows its key."""

    sync: str
    key: str
    record: str
    known: bool
    now: Remembered | None
    sent: bool | None  # None: an event of which that is not known any more
    chapters: tuple[Chapter, ...]
    identifier: str
    key_column: str


@told()
def find_record(sync: str, typed: str) -> str:
    """The opaque name for the record under a key as somebody types it. Raises ``ConfigurationError`` for no key."""
    if not typed.strip():
        raise ConfigurationError("No key was given.", hint="Type the key of one record, for example its id.")
    row = find_sync(sync)
    return token_of(sync, canonical(sync_as_of(row).identifier, typed.strip()))


@told()
def record_story(sync: str, record: str) -> Record:
    """Everything known about a record. Raises ``ConfigurationError`` for a name that is none of this sync's."""
    row = find_sync(sync)
    story = _veiled(explain(sync, key_of(sync, record)), row)
    return Record(
        sync=sync,
        key=story.key,
        record=record,
        known=bool(story.now or story.chapters),
        now=story.now,
        sent=story.sent,
        chapters=story.chapters,
        identifier=_identifier(row),
        key_column=sync_as_of(row).key_column,
    )


@told()
def key_column(sync: str) -> str:
    """The column by whose values the records of a sync are found."""
    return sync_as_of(find_sync(sync)).key_column


def _identifier(row: SyncRow) -> str:
    return sync_as_of(row).identifier


def _veiled(story: Story, row: SyncRow) -> Story:
    veils = Veils(row, (chapter.run for chapter in story.chapters))
    old, now = veils.remembered, story.now
    if now is not None:
        held_ = now.held and "refused" if old.hides_anything else now.held
        now = replace(now, values={f: old.value(f, v) for f, v in now.values.items()}, held=held_)
    chapters = tuple(_chapter(chapter, veils.of(chapter.run), old) for chapter in story.chapters)
    return replace(story, key=veils.now.key(story.key), now=now, chapters=chapters)


def _chapter(chapter: Chapter, veil: Veil, old: Veil) -> Chapter:
    fields = tuple(_field(change, veil, old) for change in chapter.fields)
    return replace(chapter, fields=fields, reason=_reason(chapter, veil))


def _field(change: FieldChange, veil: Veil, old: Veil) -> FieldChange:
    name = change.field
    return replace(change, old=old.value(name, change.old), new=veil.value(name, change.new))


def _reason(chapter: Chapter, veil: Veil) -> str:
    """The words of a rejection are the destination's; ours begin with the field they are about."""
    if chapter.answer == Fate.REJECTED.value:
        said = veil.quoted(chapter.about, chapter.reason)
        return said if said == chapter.reason else f"{chapter.about}: {said}".removeprefix(": ")
    field = chapter.reason.partition(" · ")[0].partition(":")[0]
    return f"{field}: {veil.words(field, chapter.reason)}" if veil.hides(field) else chapter.reason
