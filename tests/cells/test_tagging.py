"""The tag that papermill needs, put where it belongs without touching anything else."""

import json
from typing import Any

import pytest

from arcbook.cells.tagging import with_parameters_tag

PARAMS = "%params\nday: date"


def notebook(*cells: dict[str, Any]) -> dict[str, Any]:
    """A notebook of these cells."""
    return {"cells": list(cells), "metadata": {"kernelspec": {"name": "arc"}}, "nbformat": 4, "nbformat_minor": 5}


def code(source: Any, **facts: Any) -> dict[str, Any]:
    """A code cell."""
    return {"cell_type": "code", "id": "x", **facts, "source": source, "outputs": [], "execution_count": None}


@pytest.mark.parametrize("indent", [None, 1, 2])
@pytest.mark.parametrize(
    ("facts", "metadata"),
    [
        ({}, {"tags": ["parameters"]}),
        ({"metadata": {}}, {"tags": ["parameters"]}),
        ({"metadata": {"a": {"tags": 1}}}, {"tags": ["parameters"], "a": {"tags": 1}}),
        ({"metadata": {"tags": []}}, {"tags": ["parameters"]}),
        ({"metadata": {"tags": ["dev"], "b": 1}}, {"tags": ["parameters", "dev"], "b": 1}),
    ],
)
def test_the_declaring_cell_is_tagged(facts: dict[str, Any], metadata: dict[str, Any], indent: int | None) -> None:
    """The first one; all else keeps its bytes."""
    injected = code(["%params\n", 'day = "2026-11-23"'], metadata={"tags": ["injected-parameters"]})
    first = {"cell_type": "markdown", "metadata": {}, "source": PARAMS}
    made = notebook(first, code("%sqlvaildate\nx"), injected, code(PARAMS, **facts), code(PARAMS + "2"))
    text = json.dumps(made, indent=indent, ensure_ascii=False) + "\n"
    tagged, done = with_parameters_tag(text)
    assert done == ["cell 3: it has papermill's tag `parameters` now"]
    after = json.loads(tagged)
    assert after["cells"][3]["metadata"] == metadata
    made["cells"][3]["metadata"] = after["cells"][3]["metadata"]
    assert after == made
    start = next(i for i, (a, b) in enumerate(zip(text, tagged, strict=False)) if a != b)
    added = len(tagged) - len(text)
    assert tagged[:start] + tagged[start + added :] == text
    assert [line for line in tagged.splitlines() if line.endswith(" ")] == []
    assert with_parameters_tag(tagged) == (tagged, [])


@pytest.mark.parametrize(
    "made",
    [
        notebook(),
        notebook(code("%sql\nSELECT 1")),
        notebook(code('%params\nday = "x"')),
        notebook(code("%params\nday: date"), code("x = 1", metadata={"tags": ["parameters"]})),
        {"cells": None},
        {},
    ],
)
def test_nothing_to_tag(made: dict[str, Any]) -> None:
    """No declarations, or a tag already: the text stays."""
    text = json.dumps(made)
    assert with_parameters_tag(text) == (text, [])
