"""The picture of a plan: everything in its place, nothing over another, and names that are only names."""

import json
import re
from itertools import combinations
from pathlib import Path
from runpy import run_path
from xml.etree import ElementTree

import pytest

from arcbook.cells.notebook import document_job
from arcbook.cells.plan import Context
from arcbook.cli import invoke
from arcbook.core.settings import RunSettings
from arcbook.engines.base import Engine
from arcbook.planning.picture import draw
from arcbook.planning.rehearsal import rehearse
from arcbook.planning.values import Place, Plan, PlannedStage, Write

#: The job of the benchmark: its stages and what they read.
BENCHMARK = run_path(str(Path(__file__).resolve().parents[2] / "benchmarks" / "planning.py"))
SVG = "{http://www.w3.org/2000/svg}"
NASTY = """<script>alert('x')</script> & "q" ]]> \x00\ud83d é"""


def boxes(root: ElementTree.Element) -> dict[str, tuple[float, float, float, float]]:
    """Left, top, right and bottom of each box by the first line of its title."""
    found = {}
    for group in root.iter(f"{SVG}g"):
        box, title = group.find(f"{SVG}rect"), group.find(f"{SVG}title")
        if box is not None and title is not None:
            x, y, width, height = (float(box.get(name, "")) for name in ("x", "y", "width", "height"))
            found[(title.text or "").split("\n")[0]] = (x, y, x + width, y + height)
    return found


def chain(name: str) -> Plan:
    """A source, two stages and a target, all of them called alike."""
    place = Place(f"/in/{name}", 1, 10)
    read = PlannedStage(name=name, type="ParquetExtract", view=f"v{name}", columns={f"c{name}": "int"}, reads=(place,))
    put = PlannedStage(
        name=f"put {name}", type="ParquetLoad", inputs=(f"v{name}",), writes=(Write(f"/out/{name}", "Overwrite"),)
    )
    return Plan(f"{name}.ipynb", "test", (read, put))


@pytest.mark.parametrize("columns", [False, True])
def test_names_are_only_names(columns: bool) -> None:
    """Whatever a place, a view, a stage or a job is called, it is text and no markup."""
    text = draw([chain(NASTY), chain("b")], columns=columns)
    root = ElementTree.fromstring(text)
    allowed = {"svg", "title", "desc", "style", "defs", "marker", "path", "g", "rect", "text"}
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= allowed
    assert not any(name.startswith("on") or "href" in name for each in root.iter() for name in each.attrib)
    titles = [each.text or "" for each in root.iter(f"{SVG}title")]
    assert any("<script>alert('x')</script> & \"q\" ]]>" in title for title in titles)


def test_fifty_stages(tmp_path: Path, embedded_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """No box lies over another, all lie within the picture, and every line leads onwards; twice the same."""
    monkeypatch.chdir(tmp_path)
    BENCHMARK["write_inputs"](tmp_path)
    job = document_job(json.dumps({"stages": BENCHMARK["stages"](tmp_path)}), "job.json")
    plan = rehearse(job, Context(settings=RunSettings(environment="test"), complete=True), embedded_engine)
    text = draw([plan])
    assert draw([plan]) == text
    root = ElementTree.fromstring(text)
    found = boxes(root)
    assert len([name for name in found if re.fullmatch(r"s\d+", name)]) == BENCHMARK["STAGES"]
    width, height = float(root.get("width", "")), float(root.get("height", ""))
    assert all(0 <= box[0] < box[2] <= width and 0 <= box[1] < box[3] <= height for box in found.values())
    for (one, first), (other, second) in combinations(found.items(), 2):
        apart = first[2] <= second[0] or second[2] <= first[0] or first[3] <= second[1] or second[3] <= first[1]
        assert apart, (one, other)
    links = [each for each in root.iter(f"{SVG}path") if each.get("class") == "link"]
    assert len(links) == len({each.get("d") for each in links})
    for link in links:
        points = [float(number) for number in re.findall(r"-?[\d.]+", link.get("d", ""))]
        onward = points[0::2] if width >= height else points[1::2]
        assert onward[0] < onward[-1]
    assert "stage s0 leads to s1" in (root.findtext(f"{SVG}desc") or "")


def test_what_one_job_writes_and_another_reads() -> None:
    """It is one box, whichever job comes first; a table that is read, changed and read again goes in no circle."""
    table = "/data/t"
    write = PlannedStage(name="write", type="DeltaLakeLoad", writes=(Write(table, "Overwrite"),))
    read = PlannedStage(name="read", type="DeltaLakeExtract", view="t", columns={}, reads=(Place(table),))
    merge = PlannedStage(name="merge", type="SQLTransform", inputs=("t",), writes=(Write(table, "merge"),))
    again = PlannedStage(name="again", type="DeltaLakeExtract", view="t2", columns={}, reads=(Place(table),))
    root = ElementTree.fromstring(
        draw([Plan("b.ipynb", "test", (read, merge, again)), Plan("a.ipynb", "test", (write,))])
    )
    words = root.findtext(f"{SVG}desc") or ""
    assert "stage write leads to data/t; target data/t leads to read; stage read leads to merge" in words
    assert "stage merge leads to data/t; target data/t leads to again" in words


def test_pictures_do_not_share_names(embedded_engine: Engine) -> None:
    """Two in one notebook keep their own titles, arrows and styles."""
    ids = [set(re.findall(r'id="([^"]+)"', draw([chain(name)]))) for name in "ab"]
    assert len(ids[0]) == len(ids[1]) == 3
    assert not ids[0] & ids[1]


def test_columns_on_demand(embedded_engine: Engine) -> None:
    """Each view lists its columns, and lines lead from column to column."""
    job = document_job(
        """{"stages": [
        {type: SQLTransform, name: a, environments: [test], outputView: a, sql: "SELECT 1 AS x, 2 AS y"},
        {type: SQLTransform, name: b, environments: [test], outputView: b,
         sql: "SELECT x + y AS z, CASE WHEN x > 1 THEN 2 END AS w FROM a"}]}""",
        "job.json",
    )
    plan = rehearse(job, Context(settings=RunSettings(environment="test"), complete=True), embedded_engine)
    root = ElementTree.fromstring(draw([plan], columns=True))
    shown = [each.text for each in root.iter(f"{SVG}text") if each.get("class") == "column"]
    assert shown == ["x int", "y int", "z int", "w int"]
    kinds = [each.get("class") for each in root.iter(f"{SVG}path")]
    assert (kinds.count("direct"), kinds.count("link")) == (3, 1)
    assert "x int" not in [each.text for each in ElementTree.fromstring(draw([plan])).iter(f"{SVG}text")]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """`--svg` writes the file, and says what it cannot do."""
    monkeypatch.chdir(tmp_path)
    stage = '{type: SQLTransform, name: only, environments: [test], outputView: a, sql: "SELECT 1 AS x"}'
    (tmp_path / "job.json").write_text(f'{{"stages": [{stage}]}}', encoding="utf-8")
    plan = ["plan", "job.json", "--environment", "test"]
    assert invoke([*plan, "--svg", "new/picture.svg", "--columns"]) == 0
    assert set(boxes(ElementTree.parse(tmp_path / "new/picture.svg").getroot())) == {"only"}
    assert invoke([*plan, "--columns"]) == 64
    (tmp_path / "taken").mkdir()
    capsys.readouterr()
    assert invoke([*plan, "--svg", "taken"]) != 0
    assert "taken" in capsys.readouterr().err
