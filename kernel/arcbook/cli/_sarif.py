"""Findings as SARIF 2.1.0, which code hosts and editors read.

A place in a notebook's cell becomes the place in the file, where annotations belong; cell, line and column in the cell
stand beside it as the logical location and among the properties.
"""

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import quote

from arcbook.cells.fetch import folder_of
from arcbook.cells.notebook_text import NotebookText, read_notebook_text
from arcbook.core.addresses import scheme_of
from arcbook.core.codes import CODES
from arcbook.core.problem import Problem, Severity
from arcbook.core.span import Lines, Span

VERSION = "2.1.0"
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
#: Where this installation's documentation is published; the rules then link to their sections.
DOCS_VARIABLE = "ARCBOOK_DOCS_URL"

Found = tuple[str, Problem]


def sarif_of(found: Sequence[Found], texts: Mapping[str, str]) -> dict[str, Any]:
    """The log of one run of `arcbook check`.

    Args:
        found: each finding with the address of the job it concerns.
        texts: the text of each job by address; places in notebooks are looked up in it.
    """
    notebooks = {address: _places(text) for address, text in texts.items() if address.lower().endswith(".ipynb")}
    codes = list(CODES)
    seen: dict[str, int] = {}
    results = []
    for address, problem in found:
        result = {
            "ruleId": problem.code,
            "ruleIndex": codes.index(problem.code),
            "level": "error" if problem.severity is Severity.ERROR else "warning",
            "message": {"text": f"{problem.message.rstrip('.')}. {problem.remedy}".strip()},
            "locations": [_location(address, problem, notebooks)],
            "partialFingerprints": {"arcbook/v1": _fingerprint(address, problem, seen)},
        }
        properties = {name: value for name, value in problem.to_dict().items() if name in _KEPT and value is not None}
        results.append(result | ({"properties": properties} if properties else {}))
    return {
        "$schema": SCHEMA,
        "version": VERSION,
        "runs": [{"tool": {"driver": _driver()}, "columnKind": "unicodeCodePoints", "results": results}],
    }


_KEPT = ("key", "cell", "line", "column", "remedy")


def _driver() -> dict[str, Any]:
    return {
        "name": "arcbook",
        "version": metadata.version("arcbook"),
        "rules": [_rule(code, meaning) for code, meaning in CODES.items()],
    }


def _rule(code: str, meaning: str) -> dict[str, Any]:
    """A code as a rule; its name is the code in the form that SARIF wants names in."""
    rule: dict[str, Any] = {
        "id": code,
        "name": "".join(word.capitalize() for word in code.split("-")),
        "shortDescription": {"text": meaning},
        "help": {"text": f"{meaning} The page `problems` of arcbook's documentation has a section on `{code}`."},
    }
    base = documentation()
    return rule | ({"helpUri": f"{base}/problems/#{code}"} if base else {})


@cache
def _published() -> str:
    """The address of the documentation in the distribution's own metadata, or an empty text."""
    for entry in metadata.metadata("arcbook").get_all("Project-URL") or ():
        label, _, address = entry.partition(",")
        if label.strip().lower() == "documentation":
            return str(address).strip()
    return ""


def documentation() -> str:
    """Where the documentation is published, without a slash at its end; an empty text where nobody says so."""
    return (os.environ.get(DOCS_VARIABLE) or _published()).rstrip("/")


def _places(text: str) -> tuple[NotebookText, Lines] | None:
    try:
        return read_notebook_text(text), Lines(text)
    except (ValueError, RecursionError):
        return None  # what is wrong with it is a finding with a place of its own


def _location(
    address: str, problem: Problem, notebooks: Mapping[str, tuple[NotebookText, Lines] | None]
) -> dict[str, Any]:
    span = problem.span
    origin = _beside(address, (span.origin if span else "") or address)
    physical: dict[str, Any] = {"artifactLocation": _artifact(origin)}
    if span is None:
        return {"physicalLocation": physical}
    if span.cell is None:
        return {"physicalLocation": {**physical, "region": _region(span)}}
    notebook = notebooks.get(origin)
    inside = _in_file(span, *notebook) if notebook else None
    if inside is not None:
        physical["region"] = _region(inside)
    name = f"cell {span.cell}, line {span.line}, column {span.column}"
    return {
        "physicalLocation": physical,
        "logicalLocations": [{"name": f"cell {span.cell}", "fullyQualifiedName": name, "kind": "cell"}],
    }


def _beside(address: str, origin: str) -> str:
    """The address of a document from here.

    Statements and schemas are named as the job names them, relative to its folder; what it includes, and jobs within
    it, from here already. Which of the two it is shows where the document is.
    """
    folder = folder_of(address)
    if origin == address or not folder or scheme_of(origin) or Path(origin).is_absolute():
        return origin
    beside = f"{folder.rstrip('/')}/{origin}"
    return origin if not scheme_of(folder) and not Path(beside).exists() and Path(origin).exists() else beside


def _in_file(span: Span, notebook: NotebookText, lines: Lines) -> Span | None:
    """The place in the notebook's file of a place in one of its cells."""
    cell = next((each for each in notebook.cells if each.number == span.cell), None)
    if cell is None:
        return None
    source = Lines(cell.source)
    start, end = source.offset(span.line, span.column), source.offset(span.end_line, span.end_column)
    if start is None:
        return None
    first = notebook.place(cell, start)
    # The end belongs to the literal of the last character, not to the next one.
    last = notebook.place(cell, end - 1) + 1 if end is not None and end > start else first
    return lines.span(first, max(first, last))


def _region(span: Span) -> dict[str, int]:
    region = {"startLine": span.line, "startColumn": span.column}
    if (span.end_line, span.end_column) > (span.line, span.column):
        region |= {"endLine": span.end_line, "endColumn": span.end_column}
    return region


def _artifact(address: str) -> dict[str, str]:
    if scheme_of(address):
        return {"uri": quote(address, safe="/:?&=#%@+,;~!$'()*[]")}
    path = Path(address)
    if path.is_absolute():
        return {"uri": path.as_uri()}
    return {"uri": quote(path.as_posix()), "uriBaseId": "%SRCROOT%"}


def _fingerprint(address: str, problem: Problem, seen: dict[str, int]) -> str:
    """The same for the same finding when lines were added above it: what it says, and the how manieth of its kind."""
    plain = re.sub(r"(?:line|column|cell) \d+", "", problem.message)
    facts = f"{problem.code}\n{Path(address).name}\n{problem.key}\n{plain}"
    told = hashlib.sha256(facts.encode()).hexdigest()[:16]
    seen[told] = seen.get(told, 0) + 1
    return f"{told}:{seen[told]}"
