"""Repairs: what has one right answer, and not a byte more."""

import json
from pathlib import Path

import pytest

from arcbook.cells.lint import edits_of, fix_text
from arcbook.cells.notebook import notebook_job


def test_the_aws_example_is_repaired_in_one_place(data: Path) -> None:
    """Only the misspelt word changes in the file."""
    text = (data / "aws_example.ipynb").read_text(encoding="utf-8")
    repaired, done = fix_text(text)
    assert done == ["cell 7: `%sqlvaildate` is now `%sqlvalidate`"]
    assert repaired == text.replace("%sqlvaildate", "%sqlvalidate")
    assert fix_text(repaired) == (repaired, [])


@pytest.mark.parametrize(
    ("source", "repaired"),
    [
        ("%sqlvaildate name=a\nSELECT 1", "%sqlvalidate name=a\nSELECT 1"),
        ("\n\n%SQLVAILDATE name=a\nSELECT 1", "\n\n%sqlvalidate name=a\nSELECT 1"),
        ('%sql outputVew="o" name=b\nSELECT 1', '%sql outputView="o" name=b\nSELECT 1'),
        ("%sqll outputVew=o\nSELECT 1", "%sql outputView=o\nSELECT 1"),
        ("%sql outputView=o\nSELECT '%sqlvaildate'", None),
        ("%zzzzzz", None),
        ("%configexecut\nSELECT 1", "%configexecute\nSELECT 1"),
        ("{type: SQLTransform}", None),
        ("%env\nnumRow=1", None),
    ],
)
def test_repairs_of_cells(source: str, repaired: str | None) -> None:
    """Misspelt magics and arguments become the nearest known ones; nothing else is touched."""
    cell = {"cell_type": "code", "source": source}
    notebook = {"cells": [cell], "metadata": {"kernelspec": {"name": "arc"}}}
    fixed, done = fix_text(json.dumps(notebook))
    assert json.loads(fixed) == {**notebook, "cells": [{**cell, "source": repaired or source}]}
    assert bool(done) == (repaired is not None)


@pytest.mark.parametrize("source", [['%sqlvaildate name="ü"\n', "SELECT 1"], '%sqlvaildate name="ü"\nSELECT 1'])
@pytest.mark.parametrize("ascii_", [True, False])
@pytest.mark.parametrize("indent", [None, 1, 4])
def test_layout_is_kept(source: object, ascii_: bool, indent: int | None) -> None:
    """Whatever wrote the notebook, its layout stays."""
    notebook = {
        "cells": [
            {"cell_type": "markdown", "source": "é"},
            {"cell_type": "code", "source": source, "outputs": [{"text": '\\ " \u2028'}]},
        ],
        "metadata": {"kernelspec": {"name": "arc"}},
    }
    text = json.dumps(notebook, indent=indent, ensure_ascii=ascii_) + "\n"
    assert fix_text(text)[0] == text.replace("%sqlvaildate", "%sqlvalidate")


def test_a_notebook_without_kernel_gets_one() -> None:
    """A notebook that names no kernel is one for arc; one that names another stays."""
    bare = json.dumps({"cells": [], "metadata": {"title": "ü"}, "nbformat": 4}, indent=1, ensure_ascii=False) + "\n"
    repaired, done = fix_text(bare)
    assert done == ["the notebook now says that it is for the kernel `arc`"]
    assert notebook_job(repaired).problems == ()
    assert json.loads(repaired)["metadata"]["title"] == "ü"
    assert repaired.startswith('{\n "cells"')
    other = json.dumps({"cells": [], "metadata": {"kernelspec": {"name": "python3"}}})
    assert fix_text(other) == (other, [])


def test_edits_are_inside_the_source() -> None:
    """Offsets are those of the cell's text."""
    source = "  %sqlvaildate\tnmae=x"
    first = edits_of(source)[0]
    assert (source[first.start : first.end], first.text) == ("sqlvaildate", "sqlvalidate")
