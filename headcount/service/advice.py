"""What probably mends a refusal, by its reason and field."""

from __future__ import annotations

# A piece of the destination's message, and the sentence for it. The first that fits counts.
_BY_MESSAGE = (
    ("longer than", "Shorten the value in the model's query, or leave the field out."),
    ("too large", "The row is larger than a request may be: leave out large fields."),
    ("must be valid", "Look at the value in the record's story, and mend its format in the model's query."),
    ("timestamp", "Give the mapping the type timestamp, or mend the value in the model's query."),
    ("reserved", "Customer.io keeps this name for itself: choose another name for the field."),
    ("already", "Another profile has this value: look for the person with it in Customer.io."),
)
_BY_REASON = {
    "required": "The field may not be empty: leave such rows out in the model's query, or give a default there.",
    "invalid": "Look at the value in the record's story, and mend it in the source or in the model's query.",
    "too large": "The row is larger than a request may be: leave out large fields.",
}
_OTHERWISE = (
    "Read the message; when the cause is mended, the row is sent with its next change, or with Retry."
)


def advice(reason: str, field: str, message: str) -> str:
    """One sentence for people. ``reason``, ``field`` and ``message`` are the destination's words."""
    if field.startswith("identifiers."):
        return "Customer.io does not take this identifier: check the column that the sync knows records by."
    for piece, sentence in _BY_MESSAGE:
        if piece in message:
            return sentence
    return _BY_REASON.get(reason, _OTHERWISE)
