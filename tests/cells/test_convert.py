"""Jobs in their other form: notebook to job file and back, without loss of meaning."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arcbook.cells.bind import has_placeholders
from arcbook.cells.export import file_text, job_as_notebook, job_file, parts_of
from arcbook.cells.for_arc import parts_for_arc
from arcbook.cells.hocon import read_document, read_objects
from arcbook.cells.lint import fix_text
from arcbook.cells.model import Argument, Cell
from arcbook.cells.notebook import Job, document_job, job_notebook, job_of, notebook_job, source_of
from arcbook.cells.plan import Context, check_job
from arcbook.cells.render import CELL, HOCON, JSON, Style, render
from arcbook.cells.tree import Concatenation, Override, Substitution
from arcbook.core.failures import CellError
from arcbook.core.problem import errors
from arcbook.core.settings import RunSettings
from arcbook.core.span import Span
from arcbook.stages.registry import stage_types
from tests.kernel.cases import cases

ROOT = Path(__file__).parents[2]
DATA = Path(__file__).parent / "data"
NOTEBOOKS = [*sorted(ROOT.glob("notebooks/*/*.ipynb")), DATA / "aws_example.ipynb"]
FILES = sorted(ROOT.glob("tests/golden/*/job.json"))
FORMS = {"json": JSON, "hocon": HOCON}

Compare = Callable[..., None]


def read(path: Path) -> Job:
    """The job there, its misspelt magics repaired."""
    text = path.read_text(encoding="utf-8")
    return job_of(fix_text(text)[0] if path.suffix == ".ipynb" else text, str(path))


def fetch(address: str) -> str:
    """Documents in buckets lie beside the example."""
    name = address.rpartition("/")[2]
    found = next((path for path in (DATA / "aws_example").glob(name)), Path(address))
    return found.read_text(encoding="utf-8")


def meaning(job: Job) -> dict[str, Any]:
    """All that a job says to those who run it: its stages after binding, and what stands around them."""
    context = Context(settings=RunSettings(), fetch=fetch, folder=str(Path(job.origin).parent))
    report = check_job(job, context)
    return {
        # A lazy stage still has its placeholders, with their places.
        "stages": [PLACE.sub("", repr(step.stage)) for step in report.steps],
        "errors": sorted(problem.code for problem in errors(report.problems)),
        "environment": job.environment,
        "parameters": [replace(each, span=None) for each in job.declarations],
        "injected": dict(job.injected),
        "texts": [cell.source for cell in job.cells if cell.tree is None and cell.magic in KEPT],
        "members": render(job.values or document_cells(job)),
        "plugins": said(parts_of(job).plugins),
    }


PLACE = re.compile(r"Span\([^)]*\)")
#: Magics whose cells a job file keeps as they are.
KEPT = ("params", "env", "python", "conf", "secret", "environment", "printschema", "metadata")


def document_cells(job: Job) -> dict[str, Any]:
    """The values of a notebook's `%document` cells."""
    context = Context()
    for cell in job.cells:
        context = context.after(cell)
    return dict(context.document)


def there_and_back(job: Job, style: Style) -> Iterator[Job]:
    """The job as a job file, that as a notebook, and that as a job file again, which says what the first one said."""
    folder = str(Path(job.origin).parent)
    first = file_text(parts_of(job), style)
    yield (as_file := document_job(first, f"{folder}/x.json"))
    yield (as_notebook := notebook_job(job_as_notebook(as_file), f"{folder}/x.ipynb"))
    assert job_file(as_notebook, style) == first
    assert job_file(as_file, style) == first


@pytest.mark.parametrize("style", FORMS.values(), ids=list(FORMS))
@pytest.mark.parametrize("path", [*NOTEBOOKS, *FILES], ids=lambda path: "-".join(path.parts[-2:]))
def test_nothing_is_lost(path: Path, style: Style, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checked stages, parameters, environment and values are those of the original, in each form."""
    monkeypatch.setenv("ETL_CONF_BASE", str(path.parent))
    job = read(path)
    expected = meaning(job)
    assert expected["stages"] or expected["errors"]
    for other in there_and_back(job, style):
        assert meaning(other) == expected


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_statements_become_magics(path: Path) -> None:
    """A stage that a magic's first line can say reads as the statement that it is."""
    magics = {"SQLTransform": "%sql ", "SQLValidate": "%sqlvalidate ", "LogExecute": "%log "}
    job = read(path)
    sources = [source_of(cell) for cell in json.loads(job_as_notebook(job))["cells"]]
    stages = [source for source in sources if not source.startswith(("%document", "%configplugin", "%lifecycleplugin"))]
    for stage, source in zip(parts_of(job).stages, stages, strict=True):
        known = stage_types()[stage["type"]].keys() if stage["type"] in magics else ()
        if "sql" in stage and not has_placeholders(stage) and {*stage} - {"type"} <= {*known}:
            assert source.startswith(magics[stage["type"]])
            assert source.endswith("\n" + stage["sql"])


@pytest.mark.parametrize("case", cases("good") + cases("run"), ids=str)
def test_stages_of_cases(case: Any) -> None:
    """Whatever a stage's cases say can be said in each form."""
    try:
        stages = [tree.value for tree in read_objects(case.data["cell"])]
    except CellError:
        pytest.skip("no stage text")
    text = render({"stages": stages})
    job = document_job(text, "x.json")
    for other in there_and_back(job, JSON):
        assert said(parts_of(other).stages) == said(parts_of(job).stages)


def notebook(cells: list[Any]) -> Job:
    """A notebook of these cells: texts are code, objects are cells as they are."""
    raw = [cell if isinstance(cell, dict) else {"cell_type": "code", "source": cell} for cell in cells]
    text = json.dumps({"cells": raw, "metadata": {"kernelspec": {"name": "arc"}}, "nbformat": 4})
    return notebook_job(text, "x.ipynb")


def test_each_kind_of_cell(convert_case: dict[str, Any]) -> None:
    """What a notebook holds stands in the file as the case says, and the notebook comes back from it."""
    job = notebook(convert_case["cells"])
    text = job_file(job)
    expected = convert_case["file"]
    assert plain(read_document(text).value) == expected
    made = json.loads(job_as_notebook(document_job(text, "x.json")))
    written = [source_of(cell) if isinstance(cell, dict) else cell for cell in convert_case["cells"]]
    assert [source_of(cell) for cell in made["cells"]] == convert_case.get("back", written)
    assert [cell["cell_type"] for cell in made["cells"]] == [
        entry.kind if entry.kind in ("markdown", "raw") else "code" for entry in parts_of(job).entries
    ]
    for style in FORMS.values():
        assert len(list(there_and_back(job, style))) == 2


def plain(value: Any) -> Any:
    """Values with placeholders as text."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value if isinstance(value, str | int | float | None) else render(value)


WORDS = st.sampled_from(
    ["${x}", "a b", 'q"q', "it's", "\\", ",", "=", "#", "//", '"""', "\n", "\r\n", "%sql", "é", "true", "7"]
)
TEXT = st.lists(WORDS | st.text(max_size=4), max_size=4).map("".join)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
STAGES = st.builds(
    lambda type_, known, sql, rest: rest | known | {"type": type_} | ({"sql": sql} if sql is not None else {}),
    st.sampled_from(["SQLTransform", "SQLValidate", "LogExecute", "ConfigExecute", "ParquetLoad", "Nobody"]),
    st.fixed_dictionaries(
        {"name": TEXT},
        optional={
            "environments": st.lists(TEXT, max_size=3),
            "sqlParams": st.dictionaries(TEXT, TEXT, max_size=3),
            "persist": VALUES,
            "numPartitions": VALUES,
            "outputView": TEXT,
            "partitionBy": st.lists(TEXT, max_size=2),
        },
    ),
    st.none() | TEXT,
    st.dictionaries(TEXT, VALUES, max_size=2),
)


@given(st.lists(STAGES, max_size=3), st.sampled_from([JSON, CELL, HOCON]))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_stages(stages: list[dict[str, Any]], style: Style) -> None:
    """Whatever values stages have, both forms hold them, down to the kind of a number."""
    job = document_job(render({"stages": stages}, style=style), "x.json")
    for other in there_and_back(job, style):
        assert [same(stage) for stage in parts_of(other).stages] == [same(stage) for stage in stages]


HEADS = st.sampled_from(
    [
        "%sql ",
        "%sqlvalidate ",
        "%log ",
        "%arc ",
        "%configexecute ",
        "%params",
        "%env",
        "%python",
        "%document",
        "",
        "// c\n",
    ]
)
ARGUMENTS = st.lists(
    st.sampled_from(
        [
            "name=a", 'name="a b"', "name='it is'", "environments=dev,test", "outputView=${V}", "persist=true",
            "persist=yes", "numPartitions=007", "numPartitions=3", "sqlParams=a=1,b=${X}", 'sqlParams=a="x, y"',
            "numRows=5", "id=x${Y}z", "description=1.50", "partitionBy=a", "resolution=lazy", "truncate=0",
            "environments=", "params=a.b=1",
        ]
    ),
    max_size=4,
    unique=True,
).map(" ".join)  # fmt: skip
BODIES = st.sampled_from(
    ["\nSELECT ${a}, 1\nFROM t", "\n\n  SELECT 1  \n", "\r\nSELECT 1\r\nFROM t\r\n", "\na: integer = 1  # x", "\nA=b c",
     "{type: ParquetLoad, name: 007, outputURI: ${o}\"/x\"}", "{type: X, a: 1, a: ${?b}} {type: Y}", "", "\nx: 1",
     "{type: SQLTransform, name: n, sql: \"SELECT 1\" # why\n}", "\n{type: Z, x: [1, 2.0, 1e3, null]}"]
)  # fmt: skip
SOURCES = st.builds(
    lambda head, line, body: head + (line if head.endswith(" ") else "") + body, HEADS, ARGUMENTS, BODIES
)


@given(st.lists(SOURCES, max_size=5), st.sampled_from([JSON, HOCON]))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_notebook(sources: list[str], style: Style) -> None:
    """A notebook without problems comes back with the same stages and the same cells beside them."""
    job = notebook(sources)
    try:
        parts = parts_of(job)
    except CellError:
        return
    written = [said(stage) for stage in parts.stages]
    kept = [entry.code for entry in parts.entries if entry.code is not None]
    for other in there_and_back(job, style):
        assert [said(stage) for stage in parts_of(other).stages] == written
        assert [entry.code for entry in parts_of(other).entries if entry.code is not None] == kept


def same(stage: dict[str, Any]) -> Any:
    """A stage for comparison: `true` is not 1, the order of its keys does not matter."""
    return json.dumps(stage, sort_keys=True)


@given(st.dictionaries(TEXT, VALUES, max_size=4), st.sampled_from([JSON, CELL, HOCON]))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_value_in_any_style(value: dict[str, Any], style: Style) -> None:
    """Writing and reading is the identity; plain JSON is what `json` reads too."""
    text = render(value, style=style)
    assert same(read_document(text).value) == same(value)
    if style is JSON:
        assert json.loads(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "{x: ${a}${b}}", '{x: ${a} " " ${?b.c}}', "{x: a, x: ${?b}}", "{x: {a: 1}, x: ${b}}", '{x: ${"a b"}}',
        "{x: 007}", "{x: [1.10, 1e3]}", "{x: [1] ${b} [2]}", "{x: ${b} {a: 1}}", "{\"include\": 1, a-b: 2, \"a.b\": 3}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("style", [JSON, CELL, HOCON], ids=["json", "cell", "hocon"])
def test_placeholders_are_written_as_they_were_read(text: str, style: Style) -> None:
    """Adjacent values, overrides and numbers as they were written survive."""
    once = render(read_document(text).value, style=style)
    assert render(read_document(once).value, style=style) == once
    assert said(read_document(once).value) == said(read_document(text).value)


def said(value: Any) -> Any:
    """A value for comparison, without places; numbers as they were written."""
    if isinstance(value, dict):
        return {key: said(item) for key, item in value.items()}
    if isinstance(value, list):
        return [said(item) for item in value]
    if isinstance(value, Substitution):
        return (value.name, value.optional)
    if isinstance(value, Concatenation):
        return ("joined", *map(said, value.parts))
    if isinstance(value, Override):
        return ("over", said(value.earlier), said(value.later))
    return f"{type(value).__name__} {value}"


def test_plugins_move_as_they_are() -> None:
    """One object is one cell; those of a file stand first, and comments stay with them."""
    config, lifecycle = {"type": "P", "environments": ["test"], "x": [1, 2]}, {"type": "L"}
    file = document_job(
        render({"plugins": {"config": [config, config], "lifecycle": [lifecycle]}, "stages": []}), "x.json"
    )
    cells = [source_of(cell) for cell in json.loads(job_as_notebook(file))["cells"]]
    assert [cell.partition("\n")[0] for cell in cells] == ["%configplugin", "%configplugin", "%lifecycleplugin"]
    assert [read_objects(cell.partition("\n")[2])[0].value for cell in cells] == [config, config, lifecycle]

    plugin = Cell("%configplugin\n// why\n{type: P}", "configplugin", body="// why\n{type: P}", body_line=2, number=2)
    before, after = notebook(["%params\nx: string = a", "", "%sql name=q\nSELECT 1"]).cells[::2]
    raw = {"cells": [{"cell_type": "code"}] * 3}
    job = Job("x.ipynb", (before, plugin, replace(after, number=3)), "notebook", notebook=raw)
    text = job_file(job)
    assert read_document(text).value["plugins"] == {"config": [{"type": "P"}]}
    again = json.loads(job_as_notebook(document_job(text, "x.json")))
    assert [source_of(cell).split("\n")[:2] for cell in again["cells"][:2]] == [
        ["%params", "x: string = a"],
        ["%configplugin", "// why"],
    ]


def test_plugins_of_lists_that_are_put_together() -> None:
    """Each is a cell, whatever made the list; cells of the file may name them."""
    text = """base = [{type: A}], plugins.config = ${base} [{type: B}], plugins.config += {type: C}, stages = []
    arcbook.cells = [{plugin: config}, {markdown: note}, {plugin: config}]"""
    file = document_job(text, "x.conf")
    assert [cell.cell_id for cell in file.cells] == [f"config-plugin-{number}" for number in (1, 2, 3)]
    cells = json.loads(job_as_notebook(file))["cells"]
    made = [source_of(cell).partition("\n") for cell in cells if source_of(cell).startswith("%configplugin")]
    assert [read_objects(body)[0].value["type"] for _, _, body in made] == ["A", "B", "C"]


def test_a_plugin_cell_with_arguments_stays_as_it_is() -> None:
    """It does what no list of a job file can say, such as removing plugins."""
    line = "%lifecycleplugin remove=all"
    cell = Cell(line, "lifecycleplugin", {"remove": Argument("all", Span(1, 25, 1, 28))}, number=1)
    job = Job("x.ipynb", (cell,), "notebook", notebook={"cells": [{"cell_type": "code"}]})
    value = read_document(job_file(job)).value
    assert value == {"stages": [], "arcbook": {"cells": [{"code": line}]}}


def test_comments_of_a_file() -> None:
    """Each goes to the stage that ends next, those behind all to the last; HOCON has them in front of it."""
    text = "// a\n{stages: [\n# b\n{type: X, // c\n}\n// d\n{type: Y}] // e\n}"
    job = document_job(text, "x.conf")
    cells = [source_of(cell) for cell in json.loads(job_as_notebook(job))["cells"]]
    assert [cell.partition("\n{")[0] for cell in cells] == ["// a\n# b\n// c", "// d\n// e"]
    assert "    // a\n    # b\n    // c\n    {" in job_file(job, HOCON)
    assert "arcbook" not in read_document(job_file(job, HOCON)).value


def test_a_file_runs_what_its_notebook_runs() -> None:
    """The cells kept as text run between the stages, with their tags; findings stand at their place in the file."""
    cells = [
        "%params\nx: string = a",
        "%sql name=one outputView=v environments=test\nSELECT 1 AS i",
        "%python\nx = = 1",
        "%sql name=two outputView=w environments=test\nSELECT i FROM v",
    ]
    raw = [{"cell_type": "code", "source": cell, "metadata": {"tags": [f"t{n}"]}} for n, cell in enumerate(cells)]
    text = job_file(notebook(raw))
    file = document_job(text, "x.json")
    made = job_notebook(file)
    assert [source_of(cell).partition("\n")[0] for cell in made["cells"]] == ["%params", "{", "%python", "{"]
    assert [cell["metadata"]["tags"] for cell in made["cells"]] == [["t0"], ["t1"], ["t2"], ["t3"]]
    assert list(file.declarations.by_name) == ["x"]
    secret = document_job(text.replace("x = = 1", "key = 'AKIAIOSFODNN7EXAMPLE'"), "x.json")
    assert "secret-in-text" in [problem.code for problem in check_job(secret, Context()).problems]
    found = [problem for problem in check_job(file, Context()).problems if problem.code == "syntax"]
    (span,) = (problem.span for problem in found)
    assert span is not None
    assert span.cell is None
    assert text.split("\n")[span.line - 1][span.column - 1 : span.end_column - 1] == "="


@pytest.mark.parametrize(
    "code",
    [
        '["%params", "é\\t: \\"x\\"", " wrong here"]',
        '"%params\\né\\t: \\"x\\"\\n wrong here"',
        '"""%params\né\t: "x"\n wrong here"""',
        '"%params  wrong here"',
    ],
)
def test_places_in_cells_kept_as_text(code: str) -> None:
    """Lines and columns are the file's, however the text is written; of a declaration, too."""
    text = (
        f'{{stages: [], arcbook: {{cells: [\n {{markdown: ""}}, {{code: {code}}},\n {{code: "%params a: integer"}}]}}}}'
    )
    job = document_job(text, "x.conf")
    span = job.problems[-1].span
    assert span is not None
    assert text.split("\n")[span.line - 1][span.column - 1 : span.end_column - 1] == "wrong here"
    declared = job.declarations.by_name["a"].span
    assert declared is not None
    assert text.split("\n")[declared.line - 1][declared.column - 1 : declared.end_column - 1] == "a: integer"


@pytest.mark.parametrize("code", ['["%wrong", "x"]', '"%wrong\\nx"', '"""%wrong\nx"""'])
def test_places_on_a_first_line(code: str) -> None:
    """Behind the quotes, of which there may be three."""
    text = f"{{stages: [], arcbook: {{cells: [{{code: {code}}}]}}}}"
    (problem,) = document_job(text, "x.conf").problems
    assert problem.span is not None
    assert text[problem.span.column - 1 : problem.span.end_column - 1] == "%wrong"


@pytest.mark.parametrize("style", FORMS.values(), ids=list(FORMS))
def test_half_a_letter(style: Style) -> None:
    """What only an escape can say is written as one, so that every result can be stored."""
    cells = [
        "%sql name=q outputView=v\nSELECT '\ud83d'\n",
        '{"type": "X", "name": "\\udc00\\n", "\\ud800": "é"}',
        "%python\n'\ud83d'",
    ]
    job = notebook(cells)
    stages = [said(stage) for stage in parts_of(job).stages]
    for other in there_and_back(job, style):
        assert [said(stage) for stage in parts_of(other).stages] == stages
    text = job_file(job, style)
    assert "é" in text.encode().decode()
    assert job_as_notebook(document_job(text, "x.json")).encode()


def test_files_that_speak_of_cells_wrongly(layout_case: dict[str, Any], compare: Compare) -> None:
    """Every mistake in a file's `arcbook` is found at its place, and nothing is converted then."""
    job = document_job(layout_case["file"], "x.json")
    compare(job.problems, layout_case["problems"])
    with pytest.raises(CellError):
        job_as_notebook(job)


def test_jobs_with_problems_are_not_converted() -> None:
    """A cell that cannot be read would be missing: all such cells are named."""
    job = notebook(
        ["%sqlvaildate name=g\nSELECT 1", "{type: SQLTransform, name: ", "%sql name=q\nSELECT 1", "%params\nx"]
    )
    with pytest.raises(CellError) as caught:
        job_file(job)
    assert [(each.code, each.span and each.span.cell) for each in caught.value.problems] == [
        ("unknown-magic", 1),
        ("parameter-declaration", 4),
    ]
    with pytest.raises(CellError, match="expected a value"):
        job_file(notebook(["{type: SQLTransform, name: "]))


def test_a_key_that_refers_to_itself_across_the_file() -> None:
    """In a cell the reference may mean the value in front of it: then that is refused, at the stage."""
    stage = '{type: ParquetLoad, name: w, inputView: v, outputURI: "a", outputURI: ${outputURI}"/b"}'
    job = document_job(f"{{\n  outputURI: c\n  stages: [\n    {stage}\n  ]\n}}", "x.conf")
    try:
        text = job_as_notebook(job)
    except CellError as error:
        (problem,) = error.problems
        assert (problem.code, str(problem.span)) == ("conversion", "x.conf, line 4, column 5")
    else:
        assert meaning(notebook_job(text, "x.ipynb"))["stages"] == meaning(job)["stages"]


def test_for_arc(arc_case: dict[str, Any], compare: Compare) -> None:
    """A job that original Arc runs, or all that it cannot do, at its place."""
    job = notebook(arc_case["cells"])
    if "file" not in arc_case:
        with pytest.raises(CellError) as caught:
            parts_for_arc(job)
        compare(caught.value.problems, arc_case["problems"])
        return
    parts, notes = parts_for_arc(job)
    compare(notes, arc_case.get("problems", []))
    value = read_document(file_text(parts)).value
    assert plain(value) == arc_case["file"]
    assert "arcbook" not in value


def test_the_aws_example_for_arc() -> None:
    """A notebook as they exist becomes a file with the values that Arc would not have."""
    job = read(DATA / "aws_example.ipynb")
    with pytest.raises(CellError, match="without `outputView`"):
        parts_for_arc(job)
    text = fix_text((DATA / "aws_example.ipynb").read_text(encoding="utf-8"))[0]
    text = text.replace('merge the changes\\" environments', 'merge the changes\\" outputView=merged environments')
    parts, notes = parts_for_arc(notebook_job(text, "x.ipynb"))
    assert notes == []
    assert parts.members["ETL_CONF_CURRENT_TIMESTAMP"] == "current_timestamp()"
    assert len(parts.stages) == 13
