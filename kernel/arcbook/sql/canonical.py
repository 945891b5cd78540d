"""A statement without what makes no difference: comments, blanks, and the case of words that name nothing."""

import re
from collections.abc import Iterator

from arcbook.sql.errors import SqlError
from arcbook.sql.lexical import regions
from arcbook.sql.references import Statement, analyse

#: Words that are SQL's own wherever they stand, but as an item of a SELECT list by themselves.
_KEYWORDS = frozenset(
    (
        "all", "and", "anti", "any", "as", "asc", "between", "both", "by", "case", "cast", "create", "cross",
        "delete", "desc", "distinct", "else", "end", "escape", "except", "exists", "explain", "filter", "first",
        "following", "for", "from", "full", "functions", "group", "grouping", "having", "in", "inner", "insert",
        "intersect", "into", "is", "join", "last", "lateral", "left", "like", "limit", "matched", "merge",
        "minus", "natural", "not", "null", "nulls", "offset", "on", "or", "order", "outer", "over", "overwrite",
        "partition", "preceding", "qualify", "range", "replace", "right", "rlike", "rollup", "row", "rows",
        "select", "semi", "set", "sets", "some", "table", "tablesample", "temporary", "then", "to", "try_cast",
        "unbounded", "union", "unique", "update", "using", "values", "view", "when", "where", "window", "with",
        "within",
    )
)  # fmt: skip
#: What may stand between the brackets of a CAST behind AS.
_TYPES = frozenset(
    (
        "array", "bigint", "binary", "boolean", "byte", "date", "dec", "decimal", "double", "float", "int",
        "integer", "interval", "long", "map", "numeric", "real", "short", "smallint", "string", "struct",
        "timestamp", "timestamp_ltz", "timestamp_ntz", "tinyint",
    )
)  # fmt: skip
_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<word>[^\W\d]\w*)|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\w*)"
    r"|(?P<mark>>>>|<=>|\|\||<=|>=|<>|!=|==|->|=>|::|<<|>>|\|>|.)",
    re.DOTALL,
)
_ITEM_BEFORE = frozenset(("select", "distinct", ","))
_ITEM_BEHIND = frozenset((",", "from", ")", "", "union", "where"))


def canonical(sql: str) -> str:
    """`sql` in one form for all texts that differ only in comments, blanks and the case of SQL's own words.

    Names, also those of columns, keep their case: a result bears them as they are written. The case of functions counts
    where a column is named after its expression. A text that no engine accepts stays as it is.
    """
    try:
        statement = analyse(sql)
    except SqlError:
        return sql
    tokens = list(_tokens(sql.rstrip("; \t\r\n")))
    views = {each.start for each in statement.reads if each.path is None}
    # With the columns' names, one of which may be a word that looks like SQL's own.
    return " ".join((*_folded(tokens, statement, views), f"-- {', '.join(statement.columns or ())}"))


def _folded(tokens: list[tuple[str, str, int]], statement: Statement, views: set[int]) -> Iterator[str]:
    """Each token's text; `tokens` are kind, text and place."""
    brackets: list[bool] = []
    before = ""
    for at, (kind, text, start) in enumerate(tokens):
        behind = tokens[at + 1][1].lower() if at + 1 < len(tokens) else ""
        lower = text.lower()
        if text == "(":
            brackets.append(before in ("cast", "try_cast"))
        elif text == ")" and brackets:
            brackets.pop()
        fold = kind == "word" and (
            _is_keyword(lower, before, behind)
            or start in views
            or (lower in _TYPES and any(brackets[-1:]))
            or (behind == "(" and statement.columns is not None and before != ".")
        )
        text = lower if fold else text
        yield text
        before = lower


def _is_keyword(word: str, before: str, behind: str) -> bool:
    """Whether a word is SQL's own where it stands. Behind AS and beside a dot stands a name, or a query."""
    alone = before in _ITEM_BEFORE and behind in _ITEM_BEHIND
    named = before in (".", "as") or behind == "."
    return word in _KEYWORDS and not alone and (not named or word == "select")


def _tokens(sql: str) -> Iterator[tuple[str, str, int]]:
    position = 0
    for region in (*regions(sql), None):
        end = region.start if region else len(sql)
        for found in _TOKEN.finditer(sql[position:end]):
            if found.lastgroup != "space":
                yield str(found.lastgroup), found.group(), position + found.start()
        if region is None:
            return
        text = sql[region.start : region.end]
        if region.kind in ("text", "name"):
            yield region.kind, text, region.start
        elif text.startswith("/*+"):
            yield "hint", " ".join(text.split()), region.start
        position = region.end
