"""Make a test of what the last stage did, or of where a run failed.

%record_test                the stage that ran last: its input rows, fewer and masked, and what came of them
%record_test --run latest   the stage at which a run failed, from the run's record
%record_test --name "no address" --file more.test.yaml --unmasked state,country --tries 200

The test is written into NAME.test.yaml beside the notebook (`--notebook` says which that is) and has passed once.
"""

import os
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from arcbook.core.failures import DefinitionError
from arcbook_magics.shown import Shown, text

if TYPE_CHECKING:
    from arcbook.cells.model import Cell
    from arcbook.runners.executor import Executor
    from arcbook.testing.recording.record import RecordedTest, Wish
    from arcbook_magics.workbench import Workbench

#: Plain IPython has no notebook that could be tested.
PLAIN: frozenset[str] = frozenset()

_OPTIONS = ("run", "name", "file", "unmasked", "tries", "notebook")


def run(bench: "Workbench", cell: "Cell") -> Iterator[Shown]:
    """Record the test and say where it is."""
    if not bench.launch.interactive:
        yield text("skipped: tests are recorded in front of a notebook, not in a run")
        return
    options = _options(cell.body)
    recorded = bench.room.call(lambda executor: _recorded(bench, executor, options))
    kept = f" Not masked: {', '.join(recorded.kept)}." if recorded.kept else ""
    yield text(
        f"`{recorded.name}` is in {recorded.file}: {recorded.after} of {recorded.before} input rows, masked.{kept} "
        f"`arcbook test` runs it."
    )


def _recorded(bench: "Workbench", executor: "Executor", options: Mapping[str, str]) -> "RecordedTest":
    from arcbook.engines.open import open_engine
    from arcbook.testing.recording.inputs import given_by, inputs_of_run
    from arcbook.testing.recording.record import inputs_of, record_test

    engine = open_engine(bench.launch.engine)
    try:
        if "run" in options:
            from arcbook.runs.store import open_store

            record = open_store().find(options["run"]).record()
            wish, rows = inputs_of_run(record, _wish(bench, options, ("", "")), engine)
            return record_test(wish, rows, engine)
        if bench.last is None:
            raise DefinitionError("No stage has run yet: run the cell first, or name a run with `--run`.")
        step = bench.last.step
        wish = _wish(bench, options, (step.stage.type_name(), step.stage.name), bench.last.failure)
        rows = given_by(inputs_of(step), executor.session(bench.inputs.values().bound()))
        return record_test(wish, rows, engine)
    finally:
        engine.close()


def _wish(bench: "Workbench", options: Mapping[str, str], stage: tuple[str, str], failure: str = "") -> "Wish":
    from arcbook.testing.recording.record import Wish

    values = bench.inputs.values()
    public = values.public()
    given = {name: public.text[name] for name in bench.inputs.given if name in public.text}
    tries = options.get("tries", "60")
    if not tries.isdecimal():
        raise DefinitionError(f"`--tries {tries}`: a whole number is needed.")
    return Wish(
        notebook=Path() if "run" in options else _notebook(options),
        stage=stage,
        failure=failure,
        name=options.get("name", ""),
        file=Path(options["file"]) if "file" in options else None,
        environment=bench.environment,
        parameters=given,
        logical_time=bench.launch.logical_time,
        unmasked=tuple(each.strip() for each in options.get("unmasked", "").split(",") if each.strip()),
        tries=int(tries),
    )


def _notebook(options: Mapping[str, str]) -> Path:
    """The notebook of the kernel: as its user says, as Jupyter says, or the only one of the folder."""
    if "notebook" in options:
        return Path(options["notebook"])
    said = os.environ.get("JPY_SESSION_NAME", "")
    if said.endswith(".ipynb") and (path := Path(Path(said).name)).is_file():
        return path
    beside = list(Path().glob("*.ipynb"))
    if len(beside) != 1:
        raise DefinitionError("Say which notebook this is: `--notebook orders.ipynb`.")
    return beside[0]


def _options(line: str) -> dict[str, str]:
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise DefinitionError(f"`%record_test`: {error}.") from None
    found: dict[str, str] = {}
    waiting = iter(words)
    for word in waiting:
        name, equals, value = word.removeprefix("--").partition("=")
        if name not in _OPTIONS:
            raise DefinitionError(f"`%record_test` knows no `{word}`; it takes --{', --'.join(_OPTIONS)}.")
        given = value if equals else next(waiting, "")
        if not given:
            raise DefinitionError(f"`%record_test --{name}` needs a value.")
        found[name] = given
    return found
