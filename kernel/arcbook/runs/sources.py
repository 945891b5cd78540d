"""Notebooks as what runs keep of them: without outputs, as a hash of their sources, as the content of a file."""

import hashlib
import json
from typing import Any

from arcbook.cells.notebook import source_of


def bare(notebook: dict[str, Any]) -> dict[str, Any]:
    """The notebook without what earlier runs left in it."""
    cells = []
    for cell in notebook["cells"]:
        kept = {key: value for key, value in cell.items() if key not in {"outputs", "execution_count"}}
        if cell["cell_type"] == "code":
            metadata = {key: value for key, value in cell.get("metadata", {}).items() if key != "execution"}
            kept |= {"outputs": [], "execution_count": None, "metadata": metadata}
        cells.append(kept)
    return {**notebook, "cells": cells}


def source_hash(notebook: dict[str, Any]) -> str:
    """SHA-256 over the sources of all cells, in order."""
    digest = hashlib.sha256()
    for cell in notebook["cells"]:
        told = json.dumps([cell["cell_type"], source_of(cell)], ensure_ascii=False)
        digest.update(told.encode("utf-8", "replace"))
    return digest.hexdigest()


def to_bytes(notebook: dict[str, Any]) -> bytes:
    """A notebook as the content of a file."""
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "replace")
