"""The limits Customer.io documents, in bytes, as checks that run before anything is sent.

Source: Customer.io's published API description (Track API v2) and its help page on invalid requests.
"""

from __future__ import annotations

from headcount.destinations.base import Check

ID_BYTES = 150
NAME_BYTES = 150
VALUE_BYTES = 1000
ATTRIBUTES = 300
EVENT_NAME_BYTES = 100
ITEM_BYTES = 32_000
BATCH_BYTES = 500_000
CAMPAIGN_SECONDS = 72 * 3600  # older events count for segments and trigger nothing

# The bytes of a wire value as Customer.io counts them: a string's content, or the JSON of anything else. JSON text
# is never shorter than what it stands for, so the exact count is only made for values that could be too long. Every
# escape stands for one byte. (A JSON function would say the same, and keep half a megabyte for every field.)
_CONTENT = r"strlen(regexp_replace({w}, '\\(u[0-9a-fA-F]{4}|.)', '.', 'g')) - 2"
CONTENT_BYTES = f"(CASE WHEN starts_with({{w}}, '\"') THEN {_CONTENT} ELSE strlen({{w}}) END)"


def content(name: str, limit: int, what: str) -> Check:
    """A JSON string of at most ``limit`` bytes."""
    return Check(
        name=name,
        gate=f"strlen({{w}}) > {limit}",
        fails=f"{CONTENT_BYTES} > {limit}",
        reason=f"'the {what} is ' || {CONTENT_BYTES} || ' bytes long; Customer.io takes at most {limit}'",
    )


VALUE = content("attribute_value_bytes", VALUE_BYTES, "value")
EVENT_NAME = content("event_name_bytes", EVENT_NAME_BYTES, "event name")
BLANK_EVENT_NAME = Check(
    name="event_name_blank",
    fails="trim(coalesce(json_extract_string({w}, '$'), '')) = ''",
    reason="'the event name is blank'",
)
PERSON_ID = content("id_bytes", ID_BYTES, "identifier")
EMPTY_PERSON = Check(name="person_missing", fails="{w} = '\"\"'", reason="'the event belongs to nobody'")

KEY_BYTES = Check(
    name="id_bytes",
    fails=f"strlen({{w}}) > {ID_BYTES}",
    reason=f"'the identifier is ' || strlen({{w}}) || ' bytes long; Customer.io takes at most {ID_BYTES}'",
)

_EMAIL = r"[^@\s]+@[^@\s]+\.[^@\s.]+"
KEY_EMAIL = Check(
    name="email_form",
    fails=f"NOT regexp_full_match({{w}}, '{_EMAIL}')",
    reason="'this is not an e-mail address'",
)
EMAIL = Check(
    name="email_form",
    fails=f"{{w}} NOT IN ('null', '\"\"') AND NOT regexp_full_match(json_extract_string({{w}}, '$'), '{_EMAIL}')",
    reason="'this is not an e-mail address'",
)
CIO_ID = Check(
    name="cio_id_form",
    fails="NOT regexp_full_match({w}, '[0-9a-f]+')",
    reason="'a cio_id is lower-case hexadecimal, without the prefix cio_'",
)
ID_LIKE_CIO_ID = Check(
    name="id_like_cio_id",
    fails="starts_with({w}, 'cio_')",
    reason="'an id that begins with cio_ is easily taken for Customer.io''s own id'",
    warns=True,
)

# '!' is the character behind the blank: what is less begins with a blank, a tab or a line end. Reading the text
# backwards is cheaper than a regular expression. In JSON text the control characters are escaped.
_BLANKS = "begins or ends with a blank, and without it would be another one; if that is not meant, trim it in the query"
_BLANK_AT_AN_END = "{w} < '!' OR reverse({w}) < '!'"
KEY_BLANKS = Check(
    name="key_blanks",
    gate=_BLANK_AT_AN_END,
    fails=_BLANK_AT_AN_END,
    reason=f"'the key {_BLANKS}'",
    warns=True,
)
_LINE_END = " OR ".join(
    rf"""starts_with({{w}}, '"\{letter}') OR ends_with({{w}}, '\{letter}"')""" for letter in "trn"
)
PERSON_BLANKS = Check(
    name="key_blanks",
    fails=f"""{{w}} < '"!' OR reverse({{w}}) < '"!' OR {_LINE_END}""",
    reason=f"'the identifier {_BLANKS}'",
    warns=True,
)
