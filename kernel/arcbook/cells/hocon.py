"""Reading stage objects, job files and schema documents written in HOCON or JSON."""

import re

from arcbook.cells.parser import Parser, SyntaxProblemError
from arcbook.cells.tree import Tree
from arcbook.core.failures import CellError
from arcbook.core.problem import Problem
from arcbook.core.span import Lines


def read_objects(text: str, *, origin: str = "", cell: int | None = None, first_line: int = 1) -> list[Tree]:
    """The objects of a cell, with or without commas between them.

    Args:
        text: the cell's text, or what follows its magic line.
        origin: the document's address, for messages.
        cell: the cell's number, for messages.
        first_line: the line of the cell on which `text` starts.

    Raises:
        CellError: the syntax problems, at most one per object.
    """
    parser = Parser(text, Lines(text, origin=origin, cell=cell, first_line=first_line))
    trees: list[Tree] = []
    problems: list[Problem] = []
    while True:
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


def read_document(text: str, *, origin: str = "") -> Tree:
    """A whole job file: one object, whose braces HOCON allows to leave out.

    Raises:
        CellError: the syntax problem.
    """
    parser = Parser(text, Lines(text, origin=origin))
    try:
        parser.skip()
        if parser.token.kind == "{":
            tree = parser.tree()
        elif parser.token.kind in ("[", "end"):
            raise parser.fail(
                f"expected an object, found {parser.describe(parser.token)}",
                remedy='A job file is an object with a key "stages".',
            )
        else:
            value: dict[str, object] = {}
            parser.members(value, (), None)
            parser.spans[()] = parser.lines.span(0, len(text))
            tree = Tree(value, parser.spans, parser.key_spans)
        _at_end(parser)
    except SyntaxProblemError as error:
        raise CellError([error.problem]) from None
    return tree


def read_value(text: str, *, origin: str = "") -> Tree:
    """A document that may be a list, an object or a single value, as the member `""` of the tree returned.

    The place of the list's second item's `name` is thus at path `("", 1, "name")`.

    Raises:
        CellError: the syntax problem.
    """
    parser = Parser(text, Lines(text, origin=origin))
    try:
        parser.skip()
        start = parser.token.start
        if parser.token.kind in ("{", "["):
            value, _ = parser.value(("",))
        else:
            raise parser.fail(f"expected a list or an object, found {parser.describe(parser.token)}")
        parser.spans[("",)] = parser.lines.span(start, parser.tokens[parser.index - 1].end)
        _at_end(parser)
    except SyntaxProblemError as error:
        raise CellError([error.problem]) from None
    return Tree({"": value}, parser.spans, parser.key_spans)


def _at_end(parser: Parser) -> None:
    parser.skip()
    if parser.token.kind != "end":
        raise parser.fail(f"expected the end of the text, found {parser.describe(parser.token)}")


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
    return "A stage is written in braces: `{ type: SQLTransform, … }`."


_SQL_WORDS = frozenset(
    {"select", "with", "merge", "insert", "create", "drop", "show", "describe", "update", "delete", "values"}
)
