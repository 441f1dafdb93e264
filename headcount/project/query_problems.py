"""Is the SQL of a model one SELECT that its database can read?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from headcount.engines.grammar import refuse_bad_grammar
from headcount.engines.select import check_select
from headcount.errors import SourceError
from headcount.project.kinds import KINDS
from headcount.project.lines import Document
from headcount.project.model_entry import ModelEntry
from headcount.project.problems import Path, Problem


def query_problems(
    document: Document, path: Path, entry: ModelEntry, kinds: Mapping[str, str]
) -> Iterator[Problem]:
    """What would be refused when the model is read, said when the file is."""
    kind = KINDS.get(kinds.get(entry.connection, ""))
    if entry.query is None or kind is None or not kind.dialect:
        return
    try:
        refuse_bad_grammar(check_select(entry.query, kind.dialect), kind.dialect)
    except SourceError as error:
        yield document.problem((*path, "query"), error.message, error.hint)
