"""Reading stage objects, job files and schema documents written in HOCON or JSON."""

import re
from typing import Any

from arcbook.cells.fetch import Fetch
from arcbook.cells.includes import MAX_CHARACTERS, Includes
from arcbook.cells.merge import settled
from arcbook.cells.parser import Parser, SyntaxProblemError
from arcbook.cells.tree import Tree
from arcbook.core.addresses import folder_of
from arcbook.core.failures import CellError
from arcbook.core.problem import Problem, errors
from arcbook.core.span import Lines, Span

#: Reading a cell stops at this many problems.
_MAX_PROBLEMS = 100


def read_objects(
    text: str, *, origin: str = "", cell: int | None = None, first_line: int = 1, fetch: Fetch | None = None
) -> list[Tree]:
    """The objects of a cell, with or without commas between them.

    Args:
        text: the cell's text, or what follows its magic line.
        origin: the document's address, for messages.
        cell: the cell's number, for messages.
        first_line: the line of the cell on which `text` starts.
        fetch: reads what the text includes; relative addresses are relative to the job. None: `include` is an error.

    Raises:
        CellError: the syntax problems, at most one per object, and includes that cannot be followed.
    """
    parser = _parser(text, origin, fetch, cell, first_line)
    trees: list[Tree] = []
    problems: list[Problem] = []
    while len(problems) < _MAX_PROBLEMS:
        parser.skip()
        if parser.token.kind == "end":
            break
        start = parser.token.start
        try:
            if parser.token.kind != "{":
                raise parser.fail(
                    f"expected a stage object, found {parser.describe(parser.token)}", remedy=_no_object_remedy(text)
                )
            trees.append(parser.tree())
            problems += errors(trees[-1].problems)
            parser.skip()
            if parser.token.kind == ",":
                parser.index += 1
        except SyntaxProblemError as error:
            problems.append(error.problem)
            if not _resume(parser, start, error.offset):
                break
    if problems:
        raise CellError(problems)
    return trees


def read_document(
    text: str, *, origin: str = "", cell: int | None = None, first_line: int = 1, fetch: Fetch | None = None
) -> Tree:
    """A whole job file: one object, whose braces HOCON allows to leave out. Arguments and errors as `read_objects`."""
    parser = _parser(text, origin, fetch, cell, first_line)
    value: dict[str, object] = {}
    try:
        parser.skip()
        if parser.token.kind in ("[", "end"):
            raise parser.fail(
                f"expected an object, found {parser.describe(parser.token)}",
                remedy='A job file is an object with a key "stages".',
            )
        parser.spans[()] = parser.document(value)
    except SyntaxProblemError as error:
        raise CellError([*parser.includes.problems, error.problem]) from None
    return _sound(parser.made(settled(value, value) if parser.includes.texts else value))


def read_value(text: str, *, origin: str = "", fetch: Fetch | None = None) -> Tree:
    """A document that may be a list, an object or a single value, as the member `""` of the tree returned.

    The place of the list's second item's `name` is thus at path `("", 1, "name")`. Arguments and errors as
    `read_objects`; `origin` is the document's address as `fetch` takes it, and what it includes lies beside it.
    """
    parser = _parser(text, origin, fetch, folder="")
    try:
        parser.skip()
        start = parser.token.start
        value: Any = {}
        if parser.token.kind in ("{", "["):
            value, _ = parser.value(("",))
            parser.spans[("",)] = parser.lines.span(start, parser.tokens[parser.index - 1].end)
            parser.at_end()
        elif parser.at_member():
            parser.spans[("",)] = parser.document(value, ("",))
        else:
            raise parser.fail(f"expected a list or an object, found {parser.describe(parser.token)}")
    except SyntaxProblemError as error:
        raise CellError([*parser.includes.problems, error.problem]) from None
    return _sound(parser.made({"": settled(value, value) if parser.includes.texts else value}))


def _parser(
    text: str,
    origin: str,
    fetch: Fetch | None,
    cell: int | None = None,
    first_line: int = 1,
    folder: str | None = None,
) -> Parser:
    """A parser whose includes are relative to `folder`, by default that of `origin`."""
    if len(text) > MAX_CHARACTERS:
        span = Span(first_line, 1, first_line, 2, cell, origin)
        message, remedy = f"the text is longer than {MAX_CHARACTERS:,} characters", "Divide it into several jobs."
        raise CellError([Problem("syntax", message, span, remedy=remedy)])
    folder = folder_of(origin) if folder is None else folder
    includes = Includes(fetch, folder, (origin.removeprefix(f"{folder}/") if folder else origin,))
    return Parser(text, Lines(text, origin=origin, cell=cell, first_line=first_line), includes)


def _sound(tree: Tree) -> Tree:
    if errors(tree.problems):
        raise CellError(tree.problems)
    return tree


def _resume(parser: Parser, start: int, failed: int) -> bool:
    """Move to the next line behind `failed` that opens an object in the column of the one at `start`."""
    text = parser.text
    column = start - (text.rfind("\n", 0, start) + 1)
    following = re.compile(rf"^[ \t]{{{column}}}\{{", re.MULTILINE).search(text, max(failed, start + 1))
    if following is None:
        return False
    target = following.end() - 1
    while parser.token.kind != "end" and parser.token.start < target:
        parser.index += 1
    return parser.token.start == target


def _no_object_remedy(text: str) -> str:
    word = text.split(maxsplit=1)[0].lower() if text.strip() else ""
    if word in _SQL_WORDS:
        return "Start the cell with `%sql` to run SQL."
    if found := re.search(r"(?m)^[ \t]*(%{1,2}[A-Za-z]+)", text):
        return f"Move `{found[1]}` to the start of its cell: a magic has nothing in front of it."
    return "A stage is written in braces: `{ type: SQLTransform, … }`."


_SQL_WORDS = frozenset(
    {"select", "with", "merge", "insert", "create", "drop", "show", "describe", "update", "delete", "values"}
)
