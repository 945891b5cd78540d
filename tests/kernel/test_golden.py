"""Jobs with the results of the real Arc 4.2.0, replayed on every engine."""

import json
import re
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from arcbook.cells.notebook import read_job
from arcbook.cells.plan import Context, resolved, steps_of
from arcbook.core.failures import ArcbookError
from arcbook.core.settings import RunSettings
from arcbook.engines.base import Engine
from arcbook.runners.base import Result
from arcbook.runners.executor import Executor

FOLDER = Path(__file__).parents[1] / "golden"
CASES = sorted(path.parent.name for path in FOLDER.glob("*/expected.json"))

#: Views that differ on purpose, by case, with the reason.
DIFFERS = {
    "TypingTransform-2": "the typing stage itself fails and leaves no view; Arc blames the stage that reads it",
}

#: Our words for a failure where Arc's are those of a library, or of its report of a whole job.
WORDS = {
    "ConfigExecute-2": "The query's text must be a JSON object, but is no JSON",
    "Lazy-1": "SQLTransform has no key `outputViw` [unknown-key]",
    "Notebook-2": "cell 3, line 2, column 15: ",
}
#: Views that Arc leaves behind for its own use.
LEFT_BEHIND = {name: {"metadata"} for name in ("MetadataFilterTransform-2", "MetadataValidate-1", "MetadataValidate-2")}

#: Details of a stage's log that we keep under the same name.
LOGGED = (
    "outputColumns", "records", "message", "inputFiles", "sql", "values", "errors", "columns", "drop", "result", "key",
    "includedColumns", "excludedColumns", "outputView",
)  # fmt: skip
#: What we log too, in another form.
LOGGED_OTHERWISE = ("queryExecution",)
#: Numbered by the reader's parts, which depend on the engine.
NUMBERS = "_monotonically_increasing_id"
_WRITTEN_FILE = re.compile(r"/[^/]*\.parquet$")


@pytest.mark.parametrize("name", CASES)
def test_replay(name: str, engine: Engine, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The job leaves the same views, details, files and failure as under Arc."""
    if name in DIFFERS:
        request.applymarker(pytest.mark.xfail(reason=DIFFERS[name], strict=True))
    folder = Path(shutil.copytree(FOLDER / name, tmp_path / name))
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    executor = Executor(engine, _settings(expected.get("policy", {})))
    ran: list[Result] = []
    try:
        if expected["success"]:
            _run(folder, executor, ran)
        else:
            with pytest.raises(ArcbookError) as caught:
                _run(folder, executor, ran)
            # Arc's chain of causes begins with Spark's own words when the engine noticed the fault.
            told = expected.get("stage") or expected["reason"]
            causes = [WORDS[name]] if name in WORDS else [_plain(message, folder) for message in told["messages"]]
            assert any(cause.removeprefix("java.lang.Exception: ") in caught.value.message for cause in causes)
        _compare_views(expected, executor, folder, LEFT_BEHIND.get(name, set()))
        _compare_details(expected, ran, folder)
        _compare_files(expected, folder)
    finally:
        for view in executor.session({}).views:
            engine.spark().catalog.dropTempView(view.name)


def _settings(policy: dict[str, Any]) -> RunSettings:
    return RunSettings(
        environment="test",
        ignore_environments=policy.get("ignoreEnvironments", False),
        immutable_views=policy.get("immutableViews", False),
        drop_unsupported=policy.get("dropUnsupported", True),
    )


def _run(folder: Path, executor: Executor, ran: list[Result]) -> None:
    context = Context(
        settings=executor.settings, launch={"ETL_CONF_BASE": folder.as_uri()}, engine=executor.engine.name
    )
    computed: dict[str, Any] = {}
    for cell in read_job(str(next(folder.glob("job.*")))).cells:
        context = context.after(cell)
        for step in steps_of(cell, context):
            if not executor.settings.runs(step.stage.environments) or executor.refused(context.lifecycle):
                continue
            for due in resolved(step, computed):
                result = executor.execute(due, {}, context.lifecycle)
                computed |= result.values
                ran.append(result)


def _compare_views(expected: dict[str, Any], executor: Executor, folder: Path, left_behind: set[str]) -> None:
    session = executor.session({})
    assert {view.name for view in session.views} == set(expected["views"]) - left_behind
    listed = {table.name for table in session.spark.catalog.listTables() if table.isTemporary}
    assert not {name for name in listed if name.startswith("_arcbook") or name in left_behind}
    for name, view in expected["views"].items():
        if name in left_behind:
            continue
        frame = session.spark.table(name)
        found = [
            {
                "name": field.name,
                "type": _bare(field.dataType.jsonValue()),
                **({"metadata": field.metadata} if field.metadata else {}),
            }
            for field in frame.schema.fields
        ]
        assert found == [
            {
                key: _bare(column[key]) if key == "type" else column[key]
                for key in ("name", "type", "metadata")
                if key in column
            }
            for column in view["columns"]
        ]
        columns = [column["name"] for column in view["columns"]]
        rows = [_row(row.asDict(recursive=True), columns, folder) for row in frame.collect()]
        wanted = [_row(dict(zip(columns, row, strict=True)), columns, folder) for row in view["rows"]]
        if expected["row_order"] != "exact":
            rows, wanted = sorted(rows, key=repr), sorted(wanted, key=repr)
        assert rows == wanted


def _row(values: dict[str, Any], columns: list[str], folder: Path) -> list[Any]:
    return [_plain(values[name], folder) for name in columns if name != NUMBERS]


def _compare_details(expected: dict[str, Any], ran: list[Result], folder: Path) -> None:
    # The statement of a file is kept without the line end behind it.
    exits = [record["stage"] for record in expected["log"] if record.get("event") == "exit"]
    assert len(ran) == len(exits)
    for result, outer in zip(ran, exits, strict=True):
        stage = outer.get("child", outer)  # Arc wraps a lazy stage
        if stage.get("inputFiles") == 0:
            del stage["inputFiles"]  # Arc counts the files of the whole frame's plan, which has none behind a schema
        known = {key: _plain(result.details[key], folder) for key in LOGGED if key in result.details and key in stage}
        assert known == {key: _plain(stage[key], folder) for key in known}
        assert {key for key in (*LOGGED, *LOGGED_OTHERWISE) if key in stage} <= set(result.details)


def _compare_files(expected: dict[str, Any], folder: Path) -> None:
    for place, folders in expected.get("outputs", {}).items():
        for inner, texts in folders.items():
            files = [file for file in (folder / place / inner).iterdir() if file.is_file() and file.name[0] not in "._"]
            assert sorted(file.read_text(encoding="utf-8") for file in files) == sorted(texts)


def _bare(kind: Any) -> Any:
    """A type without what says whether there may be nulls, which Spark's versions answer differently."""
    if isinstance(kind, dict):
        return {key: _bare(item) for key, item in kind.items() if key not in ("nullable", "containsNull", "metadata")}
    return [_bare(item) for item in kind] if isinstance(kind, list) else kind


def _plain(value: Any, folder: Path) -> Any:
    if isinstance(value, str):
        text = value.replace("${ETL_CONF_BASE}", folder.as_uri()).replace("@DIR@", str(folder)).rstrip("\n")
        return _WRITTEN_FILE.sub("/#", text) if "/output/" in text else text
    if isinstance(value, dict):
        return {key: _plain(item, folder) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, folder) for item in value]
    if isinstance(value, Decimal):
        return str(value)
    convert: Callable[[], str] | None = getattr(value, "isoformat", None)
    return convert() if convert else value
