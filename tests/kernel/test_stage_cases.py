"""Every case of tests/kernel/stages, checked, and run on every engine."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from arcbook.cells.check import examine
from arcbook.cells.hocon import read_objects
from arcbook.cells.model import Cell
from arcbook.cells.params import Values
from arcbook.cells.plan import Context, resolved, steps_of
from arcbook.core.failures import ArcbookError
from arcbook.core.settings import RunSettings
from arcbook.runners.base import Result
from arcbook.runners.executor import Executor
from tests.kernel.cases import Case, cases

_PART = re.compile(r"[^/]*\.(parquet|json|csv|txt)$")


@pytest.mark.parametrize("case", cases("good"), ids=str)
def test_good_cell_has_no_problem(case: Case, tmp_path: Path) -> None:
    """A sound cell checks clean."""
    text = _placed(case.data["cell"], _base(case, tmp_path))
    for tree in read_objects(text):
        assert examine(tree, settings=RunSettings(), source=text).problems == ()


@pytest.mark.parametrize("case", cases("bad"), ids=str)
def test_bad_cell_has_its_problems(case: Case, tmp_path: Path) -> None:
    """All problems of a cell are found at once, each with code, key and line."""
    text = _placed(case.data["cell"], _base(case, tmp_path))
    found = [
        {"code": problem.code, "key": problem.key, "line": problem.span and problem.span.line}
        for tree in read_objects(text)
        for problem in examine(tree, settings=RunSettings(), source=text).problems
    ]
    assert found == case.data["problems"]


@pytest.mark.parametrize("case", cases("run"), ids=str)
def test_run(case: Case, executor: Executor, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A cell does on each engine what its case says."""
    reason = case.data.get("differs", {}).get(executor.engine.name)
    if reason:
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
    base = _base(case, tmp_path)
    if "settings" in case.data:
        executor.settings = RunSettings(**case.data["settings"])
    computed: dict[str, Any] = {}
    _run_all(executor, case.data.get("before", ""), base, case, computed)
    if "error" in case.data:
        with pytest.raises(ArcbookError) as caught:
            _run_all(executor, case.data["cell"], base, case, computed).frame.collect()  # type: ignore[union-attr]
        expected = case.data["error"]["class"]
        expected = expected[executor.engine.name] if isinstance(expected, dict) else expected
        assert caught.value.failure.name == expected
        assert _placed(case.data["error"]["message"], base) in caught.value.message
    else:
        result = _run_all(executor, case.data["cell"], base, case, computed)
        _compare(result, executor, case.data, base)
    for folder, texts in case.data.get("outputs", {}).items():
        assert _texts(base, folder) == texts


def _base(case: Case, folder: Path) -> str:
    for name, content in case.data.get("files", {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.mkdir()
        else:
            path.write_bytes(bytes.fromhex(content["hex"]) if isinstance(content, dict) else content.encode())
    return folder.as_uri()


def _placed(text: str, base: str) -> str:
    return text.replace("${BASE}", base).replace("${PATH}", base.removeprefix("file://"))


def _run_all(executor: Executor, text: str, base: str, case: Case, computed: dict[str, Any]) -> Result:
    """Run stage text; values that its stages compute are added to `computed`."""
    text = _placed(text, base)
    result = Result()
    values = Values(typed=case.data.get("parameters", {}))
    for step in steps_of(Cell(source=text, body=text), Context(settings=executor.settings, values=values)):
        for due in resolved(step, computed):
            assert due.context is not None
            result = executor.execute(due, due.context.values.typed)
            computed |= result.values
    return result


def _compare(result: Result, executor: Executor, expected: dict[str, Any], base: str) -> None:
    if "details" in expected:
        known = {key: _plain(value, base) for key, value in result.details.items() if key in expected["details"]}
        assert known == expected["details"]
    if "printed" in expected:
        assert _plain(result.printed, base) == expected["printed"]
    frame = result.frame
    if "after" in expected:
        frame = _run_all(executor, expected["after"], base, Case("", "run", expected), {}).frame
    if "columns" in expected:
        assert frame is not None
        assert {field.name: field.dataType.simpleString() for field in frame.schema.fields} == expected["columns"]
        assert [field.name for field in frame.schema.fields] == list(expected["columns"])
    if "metadata" in expected:
        assert frame is not None
        found = {field.name: field.metadata for field in frame.schema.fields if field.name in expected["metadata"]}
        assert found == expected["metadata"]
    if "rows" in expected:
        assert frame is not None
        rows = [[_plain(value, base) for value in row] for row in frame.collect()]
        wanted = expected["rows"]
        if not expected.get("ordered"):
            rows, wanted = sorted(rows, key=repr), sorted(wanted, key=repr)
        assert rows == wanted


def _plain(value: Any, base: str) -> Any:
    if isinstance(value, str):
        return _PART.sub("*", value.replace(base, "${BASE}")) if "/output" in value else value.replace(base, "${BASE}")
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, dict):
        return {key: _plain(item, base) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item, base) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def _texts(base: str, folder: str) -> list[str]:
    place = Path(base.removeprefix("file://")) / folder
    files = [each for each in sorted(place.iterdir()) if each.is_file() and each.name[0] not in "._"]
    return sorted(file.read_text(encoding="utf-8") for file in files)
