"""The canonical form of a job's sources: what means the same has the same bytes."""

import json
from collections.abc import Mapping
from typing import Any

from arcbook.cells.notebook import source_of
from arcbook.cells.params import INJECTED_TAG


def canonical_json(value: object) -> bytes:
    """JSON with sorted keys, two blanks of indentation, UTF-8 and a line end: readable, and one form per value.

    Raises:
        ValueError: a number that JSON does not know (NaN, infinity).
    """
    text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    # A lone surrogate cannot be UTF-8; backslashreplace writes it as the JSON escape that it came from.
    return (text + "\n").encode("utf-8", errors="backslashreplace")


def canonical_text(text: str) -> bytes:
    """A document's text without byte order mark, with LF line ends, as UTF-8."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").encode("utf-8")


def canonical_notebook(notebook: Mapping[str, Any]) -> dict[str, Any]:
    """The notebook reduced to what an author writes, as notebook format 4.5.

    Left out: outputs, execution counts, what editors and papermill note in metadata, papermill's injected parameters
    (a run brings its own). Cell ids count up, for editors invent them anew. Tags and arcbook's own metadata stay.
    """
    cells = [
        _cell(cell, position)
        for position, cell in enumerate((each for each in notebook["cells"] if _written(each)), start=1)
    ]
    metadata = _metadata(notebook)
    kernelspec = metadata.get("kernelspec")
    kernel = kernelspec.get("name", "arc") if isinstance(kernelspec, Mapping) else "arc"
    kept: dict[str, Any] = {"kernelspec": {"display_name": kernel, "language": kernel, "name": kernel}}
    if "arcbook" in metadata:
        kept["arcbook"] = metadata["arcbook"]
    return {"cells": cells, "metadata": kept, "nbformat": 4, "nbformat_minor": 5}


def injected_cells(notebook: Mapping[str, Any]) -> int:
    """How many cells hold papermill's parameters of an earlier run."""
    return sum(1 for cell in notebook["cells"] if isinstance(cell, Mapping) and INJECTED_TAG in _tags(cell))


def _written(cell: object) -> bool:
    return isinstance(cell, Mapping) and INJECTED_TAG not in _tags(cell)


def _tags(cell: Mapping[str, Any]) -> list[Any]:
    tags = _metadata(cell).get("tags")
    return list(tags) if isinstance(tags, list) else []


def _metadata(part: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = part.get("metadata")
    return metadata if isinstance(metadata, Mapping) else {}


def _cell(cell: Mapping[str, Any], position: int) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if tags := _tags(cell):
        metadata["tags"] = sorted(map(str, tags))
    if "arcbook" in _metadata(cell):
        metadata["arcbook"] = cell["metadata"]["arcbook"]
    kept: dict[str, Any] = {
        "cell_type": cell.get("cell_type", "code"),
        "id": f"cell-{position}",
        "metadata": metadata,
        "source": source_of(cell).replace("\r\n", "\n").replace("\r", "\n").splitlines(keepends=True),
    }
    if kept["cell_type"] == "code":
        kept |= {"execution_count": None, "outputs": []}
    if cell.get("attachments"):
        kept["attachments"] = cell["attachments"]
    return kept
