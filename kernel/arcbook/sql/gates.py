"""What a gate's query measures, and which rows it complains of: read from the text of the query itself.

A gate asks for a boolean and a message, `SELECT COUNT_IF(email IS NULL) = 0, … FROM contacts`. Where the boolean
compares an aggregate with a limit, the aggregate's value is what the gate measured; where the aggregate counts rows by
a condition, the rows that meet it are those that speak against the data. Only stretches of the query's own text are
put together, so nothing changes its meaning; a query of another form yields nothing, and its author can write the
query for the rows himself (key `evidence`).
"""

import re
from dataclasses import dataclass

from arcbook.sql.lexical import code_only
from arcbook.sql.shape import first_column

_OPEN, _CLOSE = "([", ")]"
_COMPARISON = re.compile(r"<=>|<=|>=|<>|!=|==|=|<|>")
_JOINING = re.compile(r"\b(?:and|or|not|between|in|is|like|rlike|case|exists)\b", re.I)
_ALIAS = re.compile(r"\s+as\s+[\w`]+\s*$", re.I)
_SET = re.compile(r"\b(?:union|intersect|except|minus)\b", re.I)
_TAIL = re.compile(r"\b(?:group\s+by|having|order\s+by|limit|qualify|window|sort\s+by|cluster\s+by|lateral)\b", re.I)
_AGGREGATE = re.compile(r"\b(count_if|sum|count|bool_and|every)\s*\(", re.I)
_CASE = re.compile(r"\s*case\s+when\s+(.*?)\s+then\s+\S+\s+(?:else\s+(?:0|null)\s+)?end\s*$", re.I | re.S)
_IF = re.compile(r"\s*if\s*\((.*),\s*\d+\s*,\s*(?:0|null)\s*\)\s*$", re.I | re.S)
_EVERYTHING = re.compile(r"\s*(?:\*|1)\s*$")
_DISTINCT = re.compile(r"\s*distinct\b", re.I)
_FILTER = re.compile(r"\s*filter\s*\(\s*where\b", re.I)
_TOTAL = re.compile(r"\s*count\s*\(\s*(?:\*|1)\s*\)\s*$", re.I)
_LIMIT = re.compile(r"\s*(?:[\d.]+|:\w+)\s*$")
_INNER = re.compile(r"\s*\(\s*select\s+(?=case\b|[\w`(])", re.I)
_GROUPED = re.compile(r"\b(?:group\s+by|distinct)\b|\*", re.I)


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate's query.

    Attributes:
        rule: the text of its first column.
        measuring: the query with what it compares as third and fourth column, and the number of rows that it judged as
            fifth; empty where that cannot be told.
        evidence: a query for the rows that speak against the data; empty where that cannot be told.
        comparison: how the measured value is compared with the limit (`=`, `<=` …).
    """

    rule: str
    measuring: str = ""
    evidence: str = ""
    comparison: str = ""


def gate_of(sql: str) -> Gate:
    """What can be told of a gate's query, of which placeholders are filled; never an error."""
    code = code_only(sql)
    start, end = first_column(sql)
    aliased = _ALIAS.search(code, start, end)
    first = (start, aliased.start() if aliased else end)
    rule = " ".join(sql[first[0] : first[1]].split())
    source = _word(code, "from", end, len(code))
    if source is None or _SET.search(_shallow(code, start, len(code))):
        return Gate(rule)
    parts = _Query(sql, code, first, source, len(code.rstrip().rstrip(";").rstrip()))
    sides = parts.sides()
    if sides is None:
        return Gate(rule, evidence=parts.unmet(first))
    left, right, comparison = sides
    return Gate(rule, parts.measuring(left, right), parts.evidence(left, right, comparison), comparison)


Stretch = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Query:
    """A SELECT; `source` is where its FROM stands, `end` where it ends."""

    sql: str
    code: str
    first: Stretch
    source: int
    end: int

    def sides(self) -> tuple[Stretch, Stretch, str] | None:
        """What the first column compares, with the larger one allowed on the right; and how."""
        shallow = _shallow(self.code, *self.first)
        if _JOINING.search(shallow):
            return None
        found = list(_COMPARISON.finditer(shallow))
        if len(found) != 1 or found[0].group() in ("<=>", "<>", "!="):
            return None
        start, end = self.first
        left, right = (start, start + found[0].start()), (start + found[0].end(), end)
        comparison = "=" if found[0].group() == "==" else found[0].group()
        return (right, left, "<" + comparison[1:]) if comparison.startswith(">") else (left, right, comparison)

    def measuring(self, left: Stretch, right: Stretch) -> str:
        """The query with three more columns; nothing when rows are grouped, since a count would not be that of all."""
        if _word(self.code, "group", self.source, self.end) is not None:
            return ""
        judged = f"{self.text(left)} AS _measured, {self.text(right)} AS _limit, COUNT(*) AS _judged"
        return f"{self.sql[: self.source].rstrip()}, {judged} {self.sql[self.source : self.end]}"

    def evidence(self, left: Stretch, right: Stretch, comparison: str) -> str:
        """The rows that make the left side too large, or that the right side counts and the left one does not."""
        none_allowed = self.text(right).strip(".0") == ""
        condition = self._counted(left, sums=none_allowed)
        if condition is None:
            return ""
        if comparison == "=" and _TOTAL.match(self.code[slice(*right)]):
            return self._rows(f"NOT coalesce(({condition}), FALSE)")
        limit = _LIMIT.match(self.code[slice(*right)])
        return self._rows(condition) if limit and (comparison != "=" or none_allowed) else ""

    def unmet(self, column: Stretch) -> str:
        """The rows for which `BOOL_AND(…)`, the whole of a first column, does not hold."""
        found = _AGGREGATE.match(self.code, column[0])
        if found is None or found[1].lower() not in ("bool_and", "every"):
            return ""
        close = _closing(self.code, found.end())
        return self._rows(f"({self.text((found.end(), close))}) = FALSE") if close + 1 == column[1] else ""

    def text(self, stretch: Stretch) -> str:
        """A stretch of the query."""
        return self.sql[slice(*stretch)].strip()

    def _counted(self, side: Stretch, *, sums: bool) -> str | None:
        """The condition on rows by which a side counts them; an empty text for all rows. `sums` of marks count, too."""
        found = _AGGREGATE.search(self.code, *side)
        if found is None or found[1].lower() in ("bool_and", "every"):
            return None
        close = _closing(self.code, found.end())
        inner = self.sql[found.end() : close]
        by_filter = _FILTER.match(self.code, close + 1)
        if by_filter is not None:
            return self.text((by_filter.end(), _closing(self.code, by_filter.end())))
        name = found[1].lower()
        if name == "count_if":
            return inner.strip()
        if (chosen := _CASE.match(inner) or _IF.match(inner)) is not None:
            return chosen[1]
        if name == "sum":
            return f"coalesce({inner.strip()}, 0) <> 0" if sums else None
        if _DISTINCT.match(inner):
            return None
        return "" if _EVERYTHING.match(inner) else f"({inner.strip()}) IS NOT NULL"

    def _rows(self, condition: str) -> str:
        shallow = _shallow(self.code, self.source, self.end)
        if _TAIL.search(shallow):
            return ""
        where = _word(self.code, "where", self.source, self.end)
        head = self.sql[: self._select()]
        source = _opened(self.sql[self.source : self.end if where is None else where].rstrip())
        conditions = [f"({self.sql[where + len('where') : self.end].strip()})"] if where is not None else []
        conditions += [f"({condition})"] if condition else []
        if not conditions:
            return ""
        return f"{head}SELECT * {source} WHERE {' AND '.join(conditions)}"

    def _select(self) -> int:
        """Where the query's SELECT stands, behind its WITH."""
        found = list(re.compile(r"\bselect\b", re.I).finditer(self.code, 0, self.first[0]))
        return found[-1].start()


def _opened(source: str) -> str:
    """FROM a query of a few computed columns: with all the others, by which a reader knows the row."""
    inner = _INNER.match(source, len("from"))
    if inner is None:
        return source
    code = code_only(source)
    close = _closing(code, code.index("(") + 1)
    if _GROUPED.search(_shallow(code, inner.end(), close)) or _SET.search(_shallow(code, inner.end(), close)):
        return source
    return f"{source[: inner.end()]}*, {source[inner.end() :]}"


def _shallow(code: str, start: int, end: int) -> str:
    """A stretch of code in which everything within brackets is blanked."""
    depth, made = 0, []
    for mark in code[start:end]:
        depth -= mark in _CLOSE
        made.append(mark if depth <= 0 and mark not in _OPEN + _CLOSE else " ")
        depth += mark in _OPEN
    return "".join(made)


def _word(code: str, word: str, start: int, end: int) -> int | None:
    found = re.search(rf"\b{word}\b", _shallow(code, start, end), re.I)
    return start + found.start() if found else None


def _closing(code: str, start: int) -> int:
    """Where the bracket closes that was opened before `start`."""
    depth = 1
    for position in range(start, len(code)):
        depth += (code[position] in _OPEN) - (code[position] in _CLOSE)
        if depth == 0:
            return position
    return len(code)
