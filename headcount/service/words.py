"""What a plan has to tell a person, as sentences."""

from __future__ import annotations

from headcount.amounts import amount
from headcount.destinations.customerio.fields import name_warnings
from headcount.frozen import Frozen
from headcount.model import Behavior
from headcount.service.left_out import WHOLE_ROW
from headcount.sync import Books


def warnings_of(frozen: Frozen | None, line: Books) -> list[str]:
    """Everything worth a look that does not stop a run."""
    if frozen is None:
        return []
    found = list(name_warnings(frozen.mapped.sync))
    if frozen.mapped.sync.behavior is Behavior.UPDATE_ONLY and not line.can_look_up:
        found.append(
            "Update Only: Customer.io says 200 to people it does not know, so accepted may mean ignored. "
            "With an App API key in the connection they are found before and counted as missed."
        )
    for column, before, now in frozen.type_changes:
        found.append(f"The column {column} was {before} at the last run and is {now} now.")
    for field, reason, rows in frozen.planned.warnings:
        found.append(f"{field or WHOLE_ROW}: {reason} ({amount(rows, 'row')}).")
    if frozen.planned.new_fields:
        fields = ", ".join(frozen.planned.new_fields)
        found.append(f"New in this sync: {fields}. Only the rows they affect are sent again.")
    if frozen.mapped.sync.changed_fields_only:
        found.append(
            "Only changed fields are sent: a person that was deleted in Customer.io comes back with those fields alone."
        )
    return found
