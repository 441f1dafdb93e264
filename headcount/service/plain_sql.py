"""Parts of SQL that show no more of a table than the columns they name."""

from __future__ import annotations

# By the names of the parser's own classes.
_CLAUSES = "Select From Join Where Group Having Order Ordered Limit Offset Distinct Table TableAlias Alias"
_VALUES = "Identifier Column Star Literal Boolean Null Paren Tuple Var DataType DataTypeParam Interval"
_OPERATORS = (
    "And Or Not Xor EQ NEQ GT GTE LT LTE NullSafeEQ NullSafeNEQ Is Between In Like ILike Escape "
    "Add Sub Mul Div IntDiv Mod Neg DPipe Case If Cast TryCast Coalesce Nullif Greatest Least"
)
_TEXTS = (
    "Upper Lower Initcap Trim Concat ConcatWs Substring Left Right Length Replace StrPosition Pad Reverse Repeat "
    "SplitPart MD5 SHA SHA2 StartsWith EndsWith Contains Chr Ascii ToChar"
)
_NUMBERS = "Abs Round Ceil Floor Sign Sqrt Pow Exp Ln Log Rand Trunc"
_TIMES = (
    "CurrentDate CurrentTime CurrentTimestamp AtTimeZone Extract Date Datetime Time Timestamp Year Quarter Month Week "
    "Day DayOfMonth DayOfWeek DayOfYear Hour Minute Second TimestampTrunc DateTrunc DateAdd DateSub DateDiff "
    "TsOrDsAdd TsOrDsDiff TsOrDsToDate TsOrDsToTimestamp TsOrDsToDatetime TimestampAdd TimestampSub TimestampDiff "
    "TimeToStr TimeToUnix UnixToTime StrToTime StrToDate StrToUnix DateStrToDate TimeStrToTime LastDay"
)
_SUMS = "Count Sum Min Max Avg Stddev StddevPop StddevSamp Variance VariancePop Median CountIf Filter"
_WINDOWS = "Window WindowSpec RowNumber Rank DenseRank Ntile Lag Lead FirstValue LastValue"
PLAIN = frozenset(
    " ".join((_CLAUSES, _VALUES, _OPERATORS, _TEXTS, _NUMBERS, _TIMES, _SUMS, _WINDOWS)).split()
)

# Functions for which the parser has no class. They look at nothing but their arguments.
_FUNCTIONS = (
    "now age to_char to_date to_timestamp strftime date_format printf instr char_length character_length ord hex "
    "unhex crc32 sha1 sha256 gen_random_uuid uuid uuid4 datetime julianday unixepoch make_date epoch epoch_ms "
    "from_unixtime unix_timestamp timestampdiff date_part mod total bit_length octet_length regexp_matches"
)
PLAIN_FUNCTIONS = frozenset(_FUNCTIONS.split())

# PostgreSQL's own functions that show a whole row by a name behind a table's: ``u.to_json`` is ``to_json(u)``.
_OF_ROWS = (
    "any_value array_agg concat hash_record json_agg json_agg_strict json_build_array jsonb_agg jsonb_agg_strict "
    "jsonb_build_array max min num_nonnulls num_nulls quote_literal quote_nullable record_out record_send "
    "row_to_json to_json to_jsonb"
)
ROW_FUNCTIONS = frozenset(_OF_ROWS.split())
