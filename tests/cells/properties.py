"""What holds for any text that is given to the reader; shared by the property tests and the fuzzer."""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from arcbook.cells.bind import Scope, bind, bind_known, has_placeholders
from arcbook.cells.convert import trees_of
from arcbook.cells.hocon import read_document, read_objects, read_value
from arcbook.cells.magics import read_cell
from arcbook.cells.notebook import Job, document_job, document_values, job_notebook, notebook_job
from arcbook.cells.params import is_assignments, read_assignments, read_declarations
from arcbook.cells.render import render
from arcbook.cells.tree import Tree
from arcbook.core.failures import CellError, InputError
from arcbook.core.span import Span

ORIGIN = "job.conf"


def holds_for(text: str) -> None:
    """Reading, binding, printing and converting `text` yields values or a CellError, with places inside the text.

    Raises:
        AssertionError: a place lies outside, or printed text reads as something else.
        Exception: whatever the reader let through.
    """
    fetch = _fetch_of(text)
    for read in (read_objects, read_document, read_value):
        with_trees(partial(read, text, origin=ORIGIN, fetch=fetch), text)
    _cell(text, fetch)
    _cell(f"%params\n{text}", fetch)
    _cell(f"%sql {text}", fetch)
    _cell(f"%document\n{text}", fetch)
    with suppress(CellError):
        _printable(document_job(text, ORIGIN, fetch))
    with suppress(CellError):
        _printable(notebook_job(json.dumps({"cells": [{"cell_type": "code", "source": text}]})))
    with suppress(CellError):
        notebook_job(text)


def with_trees(read: Callable[[], Any], text: str) -> None:
    """What holds for the trees that a reader yields for `text`, or for its problems."""
    try:
        found = read()
    except CellError as error:
        _inside([problem.span for problem in error.problems], text)
        return
    trees: list[Tree] = found if isinstance(found, list) else [found]
    for tree in trees:
        _inside((*tree.spans.values(), *tree.key_spans.values()), text)
        _inside((problem.span for problem in tree.problems), text)
        _reads_back(tree)
        _binds(tree)


def _fetch_of(text: str) -> Callable[[str], str]:
    """Every second name can be included: a small document, or the text itself."""

    def fetch(address: str) -> str:
        if len(address) % 2:
            raise InputError(f"cannot read {address}") from FileNotFoundError(address)
        return text if len(address) % 4 else "a: 1, b: ${a}"

    return fetch


def _inside(spans: Iterable[Span | None], text: str) -> None:
    lines = text.split("\n")
    for span in spans:
        assert span is not None
        if span.origin not in ("", ORIGIN):
            continue
        assert 1 <= span.line <= span.end_line <= len(lines)
        assert 1 <= span.column <= len(lines[span.line - 1]) + 1
        assert span.end_column <= len(lines[span.end_line - 1]) + 2


def _reads_back(tree: Tree) -> None:
    """Printing and reading is the identity; with placeholders, whose places change, as far as print shows."""
    printed = render(tree.value)
    (again,) = read_objects(printed)
    if has_placeholders(tree.value):
        assert render(again.value) == printed
        assert _bound(again) == _bound(tree)
    else:
        assert again.value == tree.value


def _binds(tree: Tree) -> None:
    assert not has_placeholders(_bound(tree))
    bind_known(tree, _scope(tree), lambda name: name.startswith("c"))


def _bound(tree: Tree) -> Any:
    """The tree's value with its placeholders filled, or the codes of what is wrong."""
    try:
        return bind(tree, _scope(tree)).value
    except CellError as error:
        return [problem.code for problem in error.problems]


def _scope(tree: Tree) -> Scope:
    return Scope({"a": 1, "X": [1, {"b": 2}]}, tree.value, {"b": [{}], "x": "text"})


def _cell(source: str, fetch: Callable[[str], str]) -> None:
    with suppress(CellError):
        cell = read_cell(source, number=1, origin=ORIGIN)
        if is_assignments(cell):
            read_assignments(cell)
        elif cell.magic == "params":
            read_declarations(cell)
        elif cell.magic == "document":
            document_values(cell, fetch)
        for tree in trees_of(cell, fetch):
            _binds(tree)


def _printable(job: Job) -> None:
    json.dumps(job_notebook(job))
