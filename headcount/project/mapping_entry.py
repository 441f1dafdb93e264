"""One entry of ``mappings:`` in the project file, and the short forms it may be written in."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_serializer, model_validator

from headcount.model import (
    Constant,
    FromColumn,
    Mapping,
    MappingSource,
    Metadata,
    NullRule,
    Template,
    ValueType,
)
from headcount.project.entry import Entry

# The words of the product many users come from; meta names included.
_TYPES = {
    "column": "column",
    "constant": "constant",
    "constant_value": "constant",
    "template": "template",
    "liquid_template": "template",
    "metadata": "metadata",
    "sync_metadata": "metadata",
}
_METADATA = {"sync_run_id": "run_id"}


def _long_form(value: Any) -> Any:
    """``plan`` and ``{type: column, data: plan}`` both mean ``{column: plan}``."""
    if isinstance(value, str):
        return {"column": value}
    if isinstance(value, dict) and value.get("type") in _TYPES and set(value) <= {"type", "data"}:
        data = value.get("data")
        if isinstance(data, dict) and set(data) <= {"value", "basic_type"} and "value" in data:
            data = data["value"]
        kind = _TYPES[value["type"]]
        return {kind: _METADATA.get(data, data) if kind == "metadata" and isinstance(data, str) else data}
    return value


class FromEntry(Entry):
    """Where a value comes from: exactly one of the four."""

    column: str | None = Field(None, description="A column of the model.")
    constant: Any = Field(None, description="The same value for every row.")
    template: str | None = Field(None, description="A Liquid template over the row's columns.")
    metadata: Literal["run_id", "run_started_at", "sync_name"] | None = Field(
        None, description="A fact about the run. It is never compared, so it alone makes no row a change."
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> FromEntry:
        given = self.model_fields_set
        if len(given) != 1 or (given != {"constant"} and getattr(self, next(iter(given))) is None):
            raise ValueError("A value comes from exactly one of column, constant, template or metadata.")
        return self

    @model_serializer
    def _short(self) -> Any:
        (name,) = self.model_fields_set
        return self.column if name == "column" else {name: getattr(self, name)}

    def value(self) -> MappingSource:
        if self.column is not None:
            return FromColumn(self.column)
        if self.template is not None:
            return Template(self.template)
        return Metadata(self.metadata) if self.metadata is not None else Constant(self.constant)


class TypedOrigin(Entry):
    """The same in the words of other tools."""

    type: Literal[tuple(_TYPES)]  # type: ignore[valid-type]
    data: Any


Origin = Annotated[
    FromEntry,
    BeforeValidator(_long_form, json_schema_input_type=str | FromEntry | TypedOrigin),
]


def _without_synonyms(value: Any) -> Any:
    """``sync_null_values`` is what other tools call the null rule."""
    if not isinstance(value, dict) or not isinstance(value.get("sync_null_values"), bool):
        return value
    if "nulls" in value:
        raise ValueError("nulls and sync_null_values say the same thing twice. Keep nulls.")
    rest = {key: item for key, item in value.items() if key != "sync_null_values"}
    return {**rest, "nulls": "unset" if value["sync_null_values"] else "skip"}


class MappingEntry(Entry):
    """One field of the destination, and where its value comes from."""

    origin: Origin = Field(alias="from", description="A column's name, or one of the four kinds of origin.")
    to: str = Field(description="The field in the destination; any name makes a custom field.", min_length=1)
    type: Literal["auto", "text", "number", "boolean", "timestamp", "json", "base64"] = Field(
        "auto", description="What the value becomes. auto follows the column's own type."
    )
    nulls: Literal["unset", "skip", "keep"] = Field(
        "unset",
        description='What a NULL says: unset removes the attribute, skip says nothing, keep sends "".',
    )

    def mapping(self) -> Mapping:
        return Mapping(
            to=self.to, source=self.origin.value(), type=ValueType(self.type), null=NullRule(self.nulls)
        )


class MappingInput(MappingEntry):
    """A mapping with the synonyms it may be written with."""

    sync_null_values: bool = Field(True, description="The same as nulls: true is unset, false is skip.")


MappingItem = Annotated[MappingEntry, BeforeValidator(_without_synonyms, json_schema_input_type=MappingInput)]
