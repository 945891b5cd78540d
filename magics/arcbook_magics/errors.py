"""Errors as a person reads them: what, where in the cell, what to do. At most six lines for one problem."""

from collections.abc import Iterator

from arcbook.core.failures import ArcbookError
from arcbook.core.problem import Problem
from arcbook.core.span import Span
from arcbook_magics.shown import visible

#: Columns of a quoted line; a longer one is cut around its marked stretch.
WIDTH = 100
#: Characters of a message; engines write pages.
LONGEST_MESSAGE = 400
#: Characters of an engine's full text that a record keeps.
LONGEST_TRACE = 8000
#: Problems of one cell that are written out.
MOST_PROBLEMS = 20


def render(error: ArcbookError, source: str, *, more: str = "") -> list[str]:
    """The lines to show for `error`, which arose in the cell `source`.

    `more` is the command that shows the engine's full text, or empty.
    """
    problems = error.problems
    name = type(error).__name__
    if not problems:
        lines = [f"{name}: {_short(error.message)}"]
    elif len(problems) == 1:
        lines = list(_placed(name, problems[0], source))
    else:
        shown = sorted(problems, key=_order)[:MOST_PROBLEMS]
        lines = [f"{name}: {len(problems)} problems"]
        lines += [f"  {_one_line(problem)}" for problem in shown]
        if len(problems) > len(shown):
            lines.append(f"  … and {len(problems) - len(shown)} more")
    if error.detail and more:
        lines.append(f"The engine's full text: `{more}`")
    return lines


def _placed(name: str, problem: Problem, source: str) -> Iterator[str]:
    yield f"{name}: {_where(problem)}{_short(problem.message)} [{problem.code}]"
    if problem.span and not problem.span.origin:
        yield from marked(source, problem.span)
    if problem.remedy:
        yield _short(problem.remedy)


def marked(source: str, span: Span) -> Iterator[str]:
    """The line of `span` and a marker below the columns concerned; nothing when the line does not exist."""
    lines = source.split("\n")
    if not 1 <= span.line <= len(lines):
        return
    line = lines[span.line - 1]
    start = min(span.column - 1, len(line))
    end = span.end_column - 1 if span.end_line == span.line else len(line)
    end = max(start + 1, min(end, max(len(line), start + 1)))
    first = 0 if len(line) <= WIDTH else max(0, min(start - WIDTH // 3, len(line) - WIDTH))
    head = f"{span.line:>4} | "
    shown = line[first : first + WIDTH]
    yield head + "".join(_column(each) for each in shown)
    length = max(1, min(end, first + WIDTH) - start)
    yield " " * (len(head) - 2) + "| " + "".join(_blank(each) for each in line[first:start]) + "^" * length


def _column(character: str) -> str:
    """One character in one column: what would move the marker is replaced."""
    if character == "\t":
        return "\t"
    return character if character.isprintable() else "·"


def _blank(character: str) -> str:
    """What keeps the marker below its character: tabs stay tabs, wide characters take two columns."""
    if character == "\t":
        return "\t"
    import unicodedata

    if unicodedata.combining(character):
        return ""
    return "  " if unicodedata.east_asian_width(character) in "WF" else " "


def _one_line(problem: Problem) -> str:
    remedy = f" {problem.remedy}" if problem.remedy else ""
    return f"{_where(problem)}{_short(problem.message)} [{problem.code}]{_short(remedy)}"


def _where(problem: Problem) -> str:
    """The place in words; within the cell itself line and column say all."""
    span = problem.span
    if span is None:
        return ""
    origin = f"{visible(span.origin)}, " if span.origin else ""
    return f"{origin}line {span.line}, column {span.column}: "


def _order(problem: Problem) -> tuple[int, int]:
    return (problem.span.line, problem.span.column) if problem.span else (0, 0)


def _short(message: str) -> str:
    """One line, cut where it would fill the screen."""
    flat = visible(" ".join(message.split())) if message[:1] != " " else " " + visible(" ".join(message.split()))
    return flat if len(flat) <= LONGEST_MESSAGE else flat[: LONGEST_MESSAGE - 1] + "…"
