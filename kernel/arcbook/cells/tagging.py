"""The tag `parameters` on the cell that declares them: papermill looks for it, and describes no other cell."""

from typing import Any

from arcbook.cells.hocon import read_document
from arcbook.cells.magics import read_cell
from arcbook.cells.notebook import source_of
from arcbook.cells.params import PARAMETERS_TAG, is_assignments
from arcbook.cells.places import offset_of
from arcbook.cells.tree import Path, Tree
from arcbook.core.failures import CellError


def with_parameters_tag(text: str) -> tuple[str, list[str]]:
    """A notebook's text with the tag on its first declaring `%params` cell, and a sentence saying so.

    Nothing changes where any cell has the tag already, or none declares parameters; no other byte changes in any case.

    Raises:
        CellError: the text is no JSON.
    """
    tree = read_document(text)
    cells = tree.value.get("cells")
    listed = cells if isinstance(cells, list) else []
    if any(PARAMETERS_TAG in _tags(cell) for cell in listed):
        return text, []
    code = [index for index, cell in enumerate(listed) if isinstance(cell, dict) and cell.get("cell_type") == "code"]
    position = next((index for index in code if _declares(listed[index])), None)
    if position is None:
        return text, []
    done = f"cell {code.index(position) + 1}: it has papermill's tag `{PARAMETERS_TAG}` now"
    return _tagged(text, tree, ("cells", position), listed[position]), [done]


def _tags(cell: Any) -> Any:
    metadata = cell.get("metadata") if isinstance(cell, dict) else None
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    return tags if isinstance(tags, list) else []


def _declares(cell: dict[str, Any]) -> bool:
    try:
        read = read_cell(source_of(cell), tags=tuple(map(str, _tags(cell))))
    except CellError:
        return False
    return read.magic == "params" and not is_assignments(read)


def _tagged(text: str, tree: Tree, path: Path, cell: dict[str, Any]) -> str:
    """The tag within what is there: the list of tags, the metadata, or the cell alone."""
    metadata = cell.get("metadata")
    if not isinstance(metadata, dict):
        return _with_member(text, tree, path, f'"metadata": {{"tags": ["{PARAMETERS_TAG}"]}}')
    if not isinstance(metadata.get("tags"), list):
        return _with_member(text, tree, (*path, "metadata"), f'"tags": ["{PARAMETERS_TAG}"]')
    return _with_member(text, tree, (*path, "metadata", "tags"), f'"{PARAMETERS_TAG}"')


def _with_member(text: str, tree: Tree, path: Path, member: str) -> str:
    """`text` with a member first in the object or list at `path`, on a line of its own where the others have theirs."""
    span = tree.spans[path]
    opening = (offset_of(text, span.line, span.column) or 0) + 1
    rest = text[opening:]
    inside = rest.lstrip()
    empty = inside[:1] in ("}", "]")
    blank = "" if empty else rest[: len(rest) - len(inside)]
    separator = "" if empty else "," if "\n" in blank else ", "
    return text[:opening] + (blank if "\n" in blank else "") + member + separator + rest
