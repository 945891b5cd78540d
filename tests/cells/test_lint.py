"""Repairs: what has one right answer, and not a byte more."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from arcbook.cells.arc_lint import arc_differences
from arcbook.cells.lint import edits_of, fix_document, fix_text
from arcbook.cells.notebook import document_job, notebook_job, source_of
from arcbook.cells.notebook_text import read_notebook_text
from arcbook.cells.repairs import only_near
from arcbook.core.failures import CellError

CASES = yaml.safe_load((Path(__file__).parent / "data" / "lint.yaml").read_text(encoding="utf-8"))
ARC = {"kernelspec": {"name": "arc"}}


def lines_of(source: str) -> list[str]:
    """A source as notebooks hold it: cut behind each line end."""
    return re.findall(r"[^\n]*\n|[^\n]+", source)


def test_the_aws_example_is_repaired_in_one_place(data: Path) -> None:
    """Only the misspelt word changes in the file."""
    text = (data / "aws_example.ipynb").read_text(encoding="utf-8")
    repaired, done = fix_text(text)
    assert done == ["cell 7: `%sqlvaildate` is now `%sqlvalidate`"]
    assert repaired == text.replace("%sqlvaildate", "%sqlvalidate")
    assert fix_text(repaired) == (repaired, [])


@pytest.mark.parametrize("case", CASES["cells"], ids=lambda case: case["source"][:40])
def test_repairs_of_cells(case: dict[str, Any]) -> None:
    """What is misspelt becomes the one thing it can be; what might be two things, and all else, stays."""
    environments = case.get("environments", [])
    cell = {"cell_type": "code", "source": lines_of(case["source"])}
    notebook = {"cells": [cell], "metadata": ARC}
    fixed, done = fix_text(json.dumps(notebook), environments)
    (repaired,) = json.loads(fixed)["cells"]
    assert source_of(repaired) == case.get("repaired", case["source"])
    assert bool(done) == ("repaired" in case)
    assert fix_text(fixed, environments) == (fixed, []), "a second time there is nothing left"


@pytest.mark.parametrize("case", CASES["files"], ids=lambda case: case["name"])
def test_repairs_of_job_files(case: dict[str, Any]) -> None:
    """The same in job files, in their own layout."""
    environments = case.get("environments", [])
    fixed, done = fix_document(case["text"], environments)
    assert fixed == case.get("repaired", case["text"])
    assert bool(done) == ("repaired" in case)
    document_job(fixed)
    assert fix_document(fixed, environments) == (fixed, [])


@pytest.mark.parametrize("ascii_", [True, False])
@pytest.mark.parametrize("indent", [None, 1, 4, "\t"])
def test_layout_is_kept(ascii_: bool, indent: int | None) -> None:
    """Whatever wrote the notebook, its layout stays."""
    notebook = {
        "cells": [
            {"cell_type": "markdown", "source": "é"},
            {
                "cell_type": "code",
                "source": ['%sqlvaildate name="ü"\n', "SELECT 1"],
                "outputs": [{"text": '\\ " \u2028'}],
            },
        ],
        "metadata": ARC,
    }
    text = json.dumps(notebook, indent=indent, ensure_ascii=ascii_) + "\n"
    assert fix_text(text)[0] == text.replace("%sqlvaildate", "%sqlvalidate")


SOURCES = st.lists(
    st.sampled_from(
        [
            "%sqlvaildate",
            ' name="a"',
            "\n",
            "SELECT 'ü'",
            "\\n",
            "\\",
            '"',
            "\t",
            "😀",
            "{type: SQLTransfrm, sq: 1}",
            "%%",
        ]
    ),
    max_size=6,
).map("".join)


@given(
    st.lists(st.tuples(SOURCES, st.sampled_from(["code", "markdown"])), max_size=4),
    st.sampled_from([None, 1, 2, "\t"]),
    st.booleans(),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["", "\n"]),
    st.sampled_from([{}, {"title": "ü"}, ARC, {"kernelspec": {}}, {"kernelspec": {"name": None, "a": 1}}]),
)
def test_a_repaired_notebook_is_laid_out_as_it_was(
    cells: list[tuple[str, str]], indent: Any, ascii_: bool, line_end: str, end: str, metadata: dict[str, Any]
) -> None:
    """Sources become lists, a kernel is named, words are repaired: as if the same program had written all that."""

    def written(notebook: Any) -> str:
        return json.dumps(notebook, indent=indent, ensure_ascii=ascii_).replace("\n", line_end) + end

    raw = [{"cell_type": kind, "source": source, "outputs": [{"a": [1, {}]}]} for source, kind in cells]
    fixed, _ = fix_text(written({"cells": raw, "metadata": metadata, "nbformat": 4}))
    expected = [
        {**cell, "source": lines_of(_edited(str(cell["source"])))} if cell["cell_type"] == "code" else cell
        for cell in raw
    ]
    named = {"kernelspec": {"display_name": "Arc", "language": "arc", "name": "arc"}}
    whole = metadata if metadata is ARC else {**named, **{k: v for k, v in metadata.items() if k != "kernelspec"}}
    assert fixed == written({"cells": expected, "metadata": whole, "nbformat": 4})
    assert fix_text(fixed) == (fixed, [])


def _edited(source: str) -> str:
    for edit in sorted(edits_of(source), key=lambda each: -each.start):
        source = source[: edit.start] + edit.text + source[edit.end :]
    return source


@given(st.text(alphabet='"\\/unab0é\n😀', max_size=30))
def test_escapes_stay_as_they_were_written(inner: str) -> None:
    """Spellings that no writer would choose (`\\/`, `\\u0041`) come back as they were."""
    literal = f'"%sqlvaildate {inner}"'
    cells = f'[{{"cell_type": "code", "source": [{literal}]}}]'
    text = f'{{"cells": {cells}, "metadata": {{"kernelspec": {{"name": "arc"}}}}}}'
    try:
        json.loads(text)
    except ValueError:
        return
    edits = edits_of(json.loads(literal))
    if [edit.text for edit in edits] == ["sqlvalidate"]:
        assert fix_text(text)[0] == text.replace("%sqlvaildate", "%sqlvalidate", 1)


@given(st.lists(SOURCES.filter(bool), min_size=1, max_size=3), st.booleans())
def test_places_of_a_notebook_lie_where_the_text_is(sources: list[str], as_lines: bool) -> None:
    """Every character of every source is found in the file, and read back from there."""
    cells = [{"cell_type": "code", "source": lines_of(each) if as_lines else each} for each in sources]
    text = json.dumps({"a": [{}], "cells": [{"cell_type": "raw"}, *cells]}, indent=1)
    places = read_notebook_text(text)
    assert [cell.source for cell in places.cells] == sources
    for cell in places.cells:
        for offset in range(len(cell.source)):
            stretch = places.stretch(cell, offset, offset + 1)
            assert stretch is not None
            assert stretch[0] == places.place(cell, offset)
            assert json.loads(f'"{text[slice(*stretch)]}"') == cell.source[offset]


@pytest.mark.parametrize(
    ("metadata", "touched"),
    [
        ({"kernelspec": {"name": "python3"}}, False),
        ({"language_info": {"name": "python"}}, False),
        ({"language_info": {"name": "arc"}}, True),
        ({}, True),
    ],
)
def test_notebooks_for_other_kernels_are_left_alone(metadata: dict[str, Any], touched: bool) -> None:
    """`%time` and `%sql` mean something else there."""
    cells = [{"cell_type": "code", "source": ["%sqll x"]}]
    text = json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4})
    assert (fix_text(text, ["dev"]) != (text, [])) == touched


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"cells": 1}', "{}", '{"a": }', "[" * 100_000, '{"cells": [' * 50_000]
)
def test_what_is_no_notebook_is_refused(text: str) -> None:
    """With the problem that `check` has too."""
    with pytest.raises(CellError) as caught:
        fix_text(text)
    assert caught.value.problems[0].code == "not-a-notebook"


def test_a_notebook_without_metadata_gets_its_kernel() -> None:
    """Also one that has no place for it yet."""
    repaired, _ = fix_text('{"cells": [], "nbformat": 4}')
    assert notebook_job(repaired).problems == ()
    repaired, _ = fix_text('{\n "cells": []\n}\n')
    assert notebook_job(repaired).problems == ()
    assert repaired.startswith('{\n "metadata": {\n  "kernelspec": {\n   "display_name"')


def test_what_could_be_two_things_is_left() -> None:
    """A repair has one right answer."""
    assert only_near("outputVeiw", ["outputView", "inputView", "outputURI"]) == "outputView"
    assert only_near("trueValue", ["trueValues", "trueValued"]) is None
    assert only_near("colour", ["delimiter", "quote"]) is None


def test_edits_are_inside_the_source() -> None:
    """Offsets are those of the cell's text."""
    source = "  %sqlvaildate\tnmae=x"
    first = edits_of(source)[0]
    assert (source[first.start : first.end], first.text) == ("sqlvaildate", "sqlvalidate")


ANY_CELL = st.one_of(
    st.text(max_size=80),
    st.lists(
        st.sampled_from(
            ["%", "%sql", "%%", "%arc", "sqlvaildate", " ", "a=", "'", '"', '"""', "{", "}", "type: SQLTransfrm", ",",
             "\n", "name", "=", "[", "${x}", ":", "\\", "environments", "é", "\r\n", "\t"]
        ),
        max_size=20,
    ).map("".join),
)  # fmt: skip


@given(st.lists(ANY_CELL, max_size=3), st.booleans())
def test_any_text_of_cells_is_taken(sources: list[str], as_text: bool) -> None:
    """Repairing and comparing with Arc never fails, repairs once, and keeps the notebook one."""
    cells = [{"cell_type": "code", "source": each if as_text else lines_of(each)} for each in sources]
    text = json.dumps({"cells": cells, "metadata": ARC, "nbformat": 4}, indent=1)
    fixed, done = fix_text(text, ["dev"])
    assert len(json.loads(fixed)["cells"]) == len(sources)
    assert bool(done) == (fixed != text)
    assert fix_text(fixed, ["dev"])[0].count("environments") == fixed.count("environments")
    arc_differences(notebook_job(text), text)


def test_many_cells_and_stages() -> None:
    """Each repair looks at its own place: a look at the whole text for each would take minutes here."""
    stage = '  {\r\n    "type": "SQLTransform",\r\n    "name": "a",\r\n    "sql": "SELECT 1"\r\n  }'
    repaired, done = fix_document('{"stages": [\r\n' + ",\r\n".join([stage] * 4000) + "\r\n]}", ["test"])
    assert len(done) == 4000
    assert repaired.count('"a",\r\n    "environments": ["test"],\r\n') == 4000
    cell = {"cell_type": "code", "metadata": {}, "source": "%sqlvaildate name=a\nSELECT 1"}
    notebook = {"cells": [cell] * 4000, "metadata": {"kernelspec": {"name": "arc"}}}
    repaired, done = fix_text(json.dumps(notebook))
    assert len(done) == 8000  # the magic, and the source as a list of lines
    assert json.loads(repaired)["cells"][-1]["source"] == ["%sqlvalidate name=a\n", "SELECT 1"]
