"""The executor: errors at their place in the cell, views that come back with a new engine."""

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from arcbook.cells.check import check
from arcbook.cells.convert import trees_of
from arcbook.cells.magics import read_cell
from arcbook.cells.model import Step
from arcbook.core.failures import CancelledError, DefinitionError, InputError
from arcbook.core.settings import RunSettings
from arcbook.engines.base import Engine
from arcbook.engines.embedded import EmbeddedEngine
from arcbook.runners.base import Result
from arcbook.runners.executor import Executor, _needs
from tests.engines.stopping import stopping

NewEngine = Callable[[str], Engine]


def step_of(text: str, number: int = 3) -> Step:
    """The one step of a cell."""
    cell = read_cell(text, number=number)
    (tree,) = trees_of(cell)
    return Step(check(tree, settings=RunSettings()), tree, cell)


def execute(executor: Executor, text: str, parameters: Mapping[str, Any] | None = None) -> Result:
    """Run a cell of one step."""
    return executor.execute(step_of(text), parameters or {})


def sql(view: str, statement: str) -> str:
    """The text of a `%sql` cell."""
    return f"%sql name={view} outputView={view} environments=test\n{statement}"


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ('{"type": "SQLTransform", "name": "s3://name", "description": "of s3://b", "sql": "SELECT 1"}', set()),
        ('{"type": "SQLTransform", "name": "q", "sql": "SELECT * FROM parquet.`S3N://b/k`"}', {"s3"}),
        ('{"type": "ParquetExtract", "name": "r", "inputURI": "s3a://b/k", "outputView": "v"}', {"s3"}),
    ],
)
def test_what_is_on_s3_needs_s3(text: str, needed: set[str]) -> None:
    """Addresses of all spellings count, words for readers do not: moving to another server takes seconds."""
    assert _needs(step_of(text)) == needed


@pytest.fixture
def own(new_engine: NewEngine) -> Executor:
    """An executor on an embedded engine that only this test uses."""
    return Executor(new_engine("embedded"), RunSettings())


def test_runs_and_knows_views(executor: Executor) -> None:
    """A statement's result is a view, listed with its columns."""
    result = execute(executor, sql("people", "SELECT 1 AS id, :name AS name"), {"name": "Ann"})
    assert result.frame is not None
    assert [tuple(row) for row in result.frame.collect()] == [(1, "Ann")]
    assert [(view.name, dict(view.columns)) for view in executor.views()] == [
        ("people", {"id": "int", "name": "string"})
    ]


@pytest.mark.parametrize(
    ("statement", "code", "place", "remedy"),
    [
        ("SELECT id,\n  nmae\nFROM people", "unknown-column", (3, 3, 3, 7), "Did you mean `name`?"),
        ("SELECT *\nFROM peeple", "unknown-view", (3, 6, 3, 12), "Did you mean `people`?"),
        ("SELECT nofn(id) FROM people", "engine-error", (2, 8, 2, 12), ""),
    ],
)
def test_errors_are_placed(
    executor: Executor, statement: str, code: str, place: tuple[int, int, int, int], remedy: str
) -> None:
    """The problem names cell, line and column of the word concerned, and the nearest known word."""
    execute(executor, sql("people", "SELECT 1 AS id, 'Ann' AS name"))
    with pytest.raises(DefinitionError) as caught:
        execute(executor, sql("other", statement))
    (problem,) = caught.value.problems
    assert problem.code == code
    assert problem.span is not None
    assert (problem.span.cell, problem.span.line, problem.span.column) == (3, *place[:2])
    assert (problem.span.end_line, problem.span.end_column) == place[2:]
    assert problem.remedy == remedy
    assert "cell 3, line" in str(caught.value)


def test_placed_in_a_file(embedded_engine: Engine, tmp_path: Path) -> None:
    """In a statement read from a file the place is one of that file."""
    file = tmp_path / "statement.sql"
    file.write_text("SELECT *\nFROM nowhere\n")
    cell = (
        '{"type": "SQLTransform", "name": "x", "environments": ["test"], '
        f'"inputURI": "{file}", "outputView": "x"}}'
    )  # fmt: skip
    with pytest.raises(DefinitionError) as caught:
        execute_file(Executor(embedded_engine, RunSettings()), cell)
    (problem,) = caught.value.problems
    assert problem.span is not None
    assert problem.span.origin == str(file)
    assert (problem.span.line, problem.span.column) == (2, 6)


def execute_file(executor: Executor, text: str) -> Result:
    """Run a stage cell whose statement lies in a file, as planning hands it over."""
    from arcbook.cells.documents import with_documents
    from arcbook.cells.fetch import fetch_text
    from arcbook.stages.transform.sql import SQLTransform

    cell = read_cell(text, number=1)
    (tree,) = trees_of(cell)
    stage = check(tree, settings=RunSettings())
    tree, _ = with_documents(tree, SQLTransform, fetch_text)
    return executor.execute(Step(stage, tree, cell), {})


def test_placeholders_move_places(executor: Executor) -> None:
    """A `${name}` that is longer or shorter than its value does not shift the place."""
    with pytest.raises(DefinitionError) as caught:
        execute(
            executor, "%sql name=x outputView=x environments=test sqlParams=a=1\nSELECT ${a} AS one, nope FROM range(2)"
        )
    (problem,) = caught.value.problems
    assert problem.span is not None
    assert (problem.span.line, problem.span.column) == (2, 21)


def test_values_in_the_data(executor: Executor) -> None:
    """A value that cannot be computed is an input failure, also when the rows are read later."""
    step = step_of(sql("x", "SELECT 1 AS a, CAST('x' AS INT) AS b"))

    def rows() -> list[Any]:
        frame = executor.execute(step, {}).frame
        return frame.collect() if frame is not None else []

    settings = executor.session({}).spark.conf
    settings.set("spark.sql.ansi.enabled", "true")  # else a failed cast gives null, as in Arc
    try:
        with pytest.raises(InputError, match="cell 3, line 2"), executor.explaining(step):
            rows()
    finally:
        settings.set("spark.sql.ansi.enabled", "false")


def test_views_come_back(own: Executor, tmp_path: Path) -> None:
    """After the child was killed, views are rebuilt in order; what would write again is lost, and the user is told."""
    execute(own, sql("a", "SELECT id FROM range(3)"))
    execute(own, sql("b", "SELECT id * :factor AS x FROM a"), {"factor": 10})
    own.session({}).spark.range(2).createOrReplaceTempView("handmade")
    from arcbook.engines.views import View

    own.session({}).views.put(View("handmade"))
    execute(own, sql("c", "SELECT * FROM handmade"))
    assert isinstance(own.engine, EmbeddedEngine)
    assert own.engine.pid is not None
    os.kill(own.engine.pid, signal.SIGKILL)
    os.waitpid(own.engine.pid, 0)
    result = execute(own, sql("d", "SELECT sum(x) AS s FROM b"))
    assert result.frame is not None
    assert result.frame.collect()[0][0] == 30
    (notice,) = own.notices
    assert "rebuilt: a, b; lost, run their cells again: handmade, c" in notice
    assert [view.name for view in own.views()] == ["a", "b", "d"]


def test_changes_are_not_repeated(own: Executor, tmp_path: Path) -> None:
    """A statement that changes a table is not run again to rebuild the view of its result."""
    own.session({}).spark.range(3).write.format("delta").save(f"{tmp_path}/t")
    execute(own, sql("gone", f"DELETE FROM delta.`{tmp_path}/t` WHERE id = 1"))
    (view,) = own.session({}).views
    assert (view.name, view.maker) == ("gone", None)


def test_renewed_between_stages(own: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine over its memory limit is renewed before the next stage, with its views."""
    execute(own, sql("a", "SELECT 1 AS one"))
    monkeypatch.setenv("ARCBOOK_EMBEDDED_MEMORY_MB", "1")
    result = execute(own, sql("b", "SELECT * FROM a"))
    assert result.frame is not None
    assert result.frame.collect()[0][0] == 1
    assert "because its memory" in own.notices[0]


def test_interrupted(own: Executor) -> None:
    """An interrupt from another thread is a cancellation, whatever the engine says; the next cell finds its views."""
    execute(own, sql("a", "SELECT 1 AS one"))
    step = step_of(
        sql("burn", "SELECT count(*) AS n FROM range(1000000) x CROSS JOIN range(1000000) y WHERE x.id * y.id % 7 = 3")
    )
    frame = own.execute(step, {}).frame
    assert frame is not None
    with pytest.raises(CancelledError), own.explaining(step), stopping(own):
        frame.collect()
    result = execute(own, sql("c", "SELECT * FROM a"))
    assert result.frame is not None
    assert result.frame.collect()[0][0] == 1


def test_keyboard_interrupt(own: Executor) -> None:
    """Ctrl-C in the middle stops the engine's work, too."""
    stopped: list[bool] = []
    own.engine.interrupt = lambda: stopped.append(True)  # type: ignore[method-assign]
    with pytest.raises(CancelledError), own.explaining(step_of(sql("x", "SELECT 1 AS one"))):
        raise KeyboardInterrupt
    assert stopped == [True]


def test_whatever_an_interrupted_engine_says(own: Executor) -> None:
    """After an interrupt a half-read answer is a cancellation, not a bug."""
    own.interrupt()
    with pytest.raises(CancelledError), own.explaining(step_of(sql("x", "SELECT 1 AS one"))):
        raise EOFError("the answer ends in the middle")


def test_a_failed_cast_gives_null(executor: Executor) -> None:
    """As in the Spark 3 that Arc's jobs were written for, on both engines."""
    frame = executor.execute(step_of(sql("x", "SELECT CAST('x' AS INT) AS a, 1 / 0 AS b")), {}).frame
    assert frame is not None
    assert tuple(frame.collect()[0]) == (None, None)
