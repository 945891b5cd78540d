"""What lifecycle plugins do around the stages, on every engine."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from arcbook.cells.magics import read_cell
from arcbook.cells.model import Step
from arcbook.cells.plan import Context, steps_of
from arcbook.core.failures import DefinitionError, TransientError
from arcbook.core.settings import RunSettings
from arcbook.engines.session import Session
from arcbook.runners.base import Result, load_runners
from arcbook.runners.executor import Executor, Refused
from arcbook.runners.hooks import after, before, refusal
from arcbook.stages.base import Stage
from arcbook.stages.plugins.base import LifecyclePlugin
from arcbook.stages.plugins.lifecycle.chaos_monkey import ChaosMonkey
from arcbook.stages.plugins.lifecycle.control_flow import ControlFlow
from arcbook.stages.plugins.lifecycle.data_frame_printer import DataFramePrinter
from arcbook.stages.plugins.lifecycle.data_lineage import DataLineage
from arcbook.stages.registry import plugin_types


def step_of(text: str) -> Step:
    """The one step of a cell."""
    (step,) = steps_of(read_cell(text, number=1), Context())
    return step


def run_all(executor: Executor, plugins: Sequence[LifecyclePlugin], *cells: str) -> list[Result]:
    """Run one stage after the other."""
    return [executor.execute(step_of(cell), {}, plugins) for cell in cells]


def plugin(declared: type[Any], **keys: Any) -> Any:
    """A plugin of these keys."""
    return declared.model_validate(keys)


@pytest.mark.parametrize("name", [name for name, each in plugin_types().items() if issubclass(each, LifecyclePlugin)])
def test_every_plugin_does_something(name: str) -> None:
    """One that is declared acts at one moment at least."""
    load_runners()
    declared = plugin_types()[name]
    assert any(hook.dispatch(declared) is not hook.dispatch(object) for hook in (refusal, before, after))


@pytest.mark.parametrize("format_", ["Parquet", "JSON", "DeltaLake"])
def test_lineage_of_every_load(format_: str, executor: Executor, tmp_path: Path) -> None:
    """The engine's plan, and the stages behind the view with what they read; other stages get none."""
    (tmp_path / "in.json").write_text('{"id": 1}')
    *others, load = run_all(
        executor,
        [plugin(DataLineage)],
        f'{{type: JSONExtract, name: read, inputURI: "{tmp_path}/in.json", outputView: raw}}',
        '{type: SQLTransform, name: count, sql: "SELECT count(*) AS n FROM raw", outputView: Counted}',
        f'{{type: {format_}Load, name: write, inputView: counted, outputURI: "{tmp_path}/out"}}',
    )
    assert not any("queryExecution" in each.details for each in others)
    lineage = load.details["queryExecution"]
    assert lineage["stages"] == [
        {"outputView": "Counted", "type": "SQLTransform", "name": "count", "views": ["raw"]},
        {"outputView": "raw", "type": "JSONExtract", "name": "read", "places": [f"{tmp_path}/in.json"]},
    ]
    assert any("count" in line.lower() for line in lineage["plan"])


def test_rows_are_printed(executor: Executor) -> None:
    """The first ones of each result that has any, long values cut, null told from text."""
    printer = plugin(DataFramePrinter, numRows=2)
    cells = (
        "%sql name=q outputView=v\nSELECT id, repeat('x', 30) AS long, CAST(NULL AS STRING) AS none FROM range(3)",
        "%log name=l\nSELECT 'said'",
    )
    query, log = run_all(executor, [printer], *cells)
    assert query.printed.splitlines() == [
        "q:",
        "id | long                 | none",
        "0  | xxxxxxxxxxxxxxxxx... | NULL",
        "1  | xxxxxxxxxxxxxxxxx... | NULL",
    ]
    assert log.printed == ""
    (whole,) = run_all(executor, [plugin(DataFramePrinter, truncate=False)], cells[0])
    assert "x" * 30 in whole.printed
    assert len(whole.printed.splitlines()) == 5


def test_chaos_keeps_its_odds(embedded_engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """0 never fails, 1 always, anything between as chance says; the view is there."""
    executor = Executor(embedded_engine, RunSettings())
    cell = "%sql name=q outputView=chaotic\nSELECT 1 AS x"
    run_all(executor, [plugin(ChaosMonkey, probability=0)], cell)
    for chance, fails in ((0.29, True), (0.31, False)):
        monkeypatch.setattr("random.random", lambda chance=chance: chance)
        if fails:
            with pytest.raises(TransientError, match="ChaosMonkey triggered"):
                run_all(executor, [plugin(ChaosMonkey, probability=0.3)], cell)
        else:
            run_all(executor, [plugin(ChaosMonkey, probability=0.3)], cell)
    assert [view.name for view in executor.views()] == ["chaotic"]


def test_outcomes_by_key(embedded_engine: Any) -> None:
    """A plugin asks for its own key only; the first refusal is logged, and a new outcome opens the way again."""
    events: list[Mapping[str, Any]] = []
    executor = Executor(embedded_engine, RunSettings(), events.append)
    gate = "{{type: ControlFlowExecute, name: g, key: {}, sql: \"SELECT {}, to_json(named_struct('n', 0))\"}}"
    plugins = [plugin(ControlFlow), plugin(ControlFlow, key="other")]
    assert executor.refused(plugins, "first") is None
    run_all(executor, plugins, gate.format("third", "false"))
    assert executor.refused(plugins, "first") is None
    run_all(executor, plugins, gate.format("other", "false"))
    refused = Refused("skipping stage due to control flow key: 'other' = false.", {"n": 0})
    assert [executor.refused(plugins, name) for name in ("one", "two")] == [refused, refused]
    assert [dict(event) for event in events if event["event"] == "skip"] == [
        {"event": "skip", "stage": "one", "reason": refused.reason, "message": {"n": 0}}
    ]
    assert executor.refused([plugin(ControlFlow)]) is None
    run_all(executor, plugins, gate.format("other", "true"))
    assert executor.refused(plugins) is None


class Noted(LifecyclePlugin):
    """A plugin of another package."""

    fails: bool = False


def test_hooks_of_other_packages(embedded_engine: Any) -> None:
    """They act in the listed order; later ones see what earlier ones made of the result, the view stays."""
    acts: list[str] = []

    @before.register
    def look(plugin: Noted, stage: Stage, session: Session) -> None:
        acts.append(f"before {stage.name}")
        if plugin.fails:
            raise DefinitionError("not today")

    @after.register
    def change(plugin: Noted, stage: Stage, result: Result, session: Session) -> Result:
        acts.append(f"after {stage.name} {dict(result.details).get('seen', 0)}")
        return Result(frame=result.frame, view=result.view, details={**result.details, "seen": 1})

    executor = Executor(embedded_engine, RunSettings())
    (result,) = run_all(executor, [Noted(), Noted()], "%sql name=q outputView=hooked\nSELECT 1 AS x")
    assert acts == ["before q", "before q", "after q 0", "after q 1"]
    assert result.details["seen"] == 1
    with pytest.raises(DefinitionError, match="not today"):
        run_all(executor, [plugin(Noted, fails=True)], "%sql name=q outputView=never\nSELECT 1 AS x")
    assert [view.name for view in executor.views()] == ["hooked"]
