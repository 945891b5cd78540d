"""Jobs played stage by stage on an engine of the tests, as kernels would do it in separate processes."""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml
from deltalake import write_deltalake

from arcbook.cells.magics import read_cell
from arcbook.cells.model import Step
from arcbook.cells.plan import Context, resolved, steps_of
from arcbook.core.failures import TransientError
from arcbook.core.settings import RunSettings
from arcbook.engines.base import Engine
from arcbook.reuse.plan import Done, ReusePlan, done_from
from arcbook.reuse.reuse import Reuse
from arcbook.reuse.touching import written_by
from arcbook.runners.executor import Executor
from arcbook.stages.extract.delta_lake import DeltaLakeExtract

TIME = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
DATA = Path(__file__).parent / "data"


@dataclass
class Played:
    """What a run left: the notes of its stages as a record keeps them, and what it said of each that was reused.

    `not_stored` is why views that were left for the failure are not stored.
    """

    notes: list[dict[str, Any]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    error: Exception | None = None
    not_stored: dict[str, str] = field(default_factory=dict)

    @property
    def done(self) -> tuple[Done, ...]:
        """The notes as read back from the record's file."""
        return done_from("run-1", json.loads(json.dumps(self.notes, default=str)))

    @property
    def reused(self) -> list[bool]:
        """For each stage that came to its end, whether it was reused."""
        return [bool(said) for said in self.said]


def read_job(name: str = "job.yaml") -> dict[str, Any]:
    """A job of the data files."""
    found: dict[str, Any] = yaml.safe_load((DATA / name).read_text(encoding="utf-8"))
    return found


def prepare(job: Mapping[str, Any], root: Path) -> None:
    """Put the job's inputs into a new folder."""
    shutil.rmtree(root, ignore_errors=True)
    for name, text in job.get("files", {}).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    for name, rows in job.get("seed", {}).items():
        table: Any = pa.Table.from_pylist(
            rows, pa.schema({"id": pa.int32(), "name": pa.string(), "points": pa.int32()})
        )
        write_deltalake(root / name, table)


def steps_in(cells: Sequence[str], root: Path, context: Context) -> list[Step]:
    """The steps of the job's cells."""
    texts = [text.replace("${root}", str(root)) for text in cells]
    return [step for number, text in enumerate(texts, 1) for step in steps_of(read_cell(text, number=number), context)]


def play(
    engine: Engine,
    cells: Sequence[str],
    root: Path,
    plan: ReusePlan,
    *,
    done: Sequence[Done] = (),
    fail_at: int | None = None,
    parameters: Mapping[str, Any] | None = None,
    run_id: str = "run-1",
    time: datetime = TIME,
    python: int | None = None,
    lost: bool = False,
) -> Played:
    """Play the cells from top to bottom in a session without views.

    `fail_at` is the stage (from 0) that fails; if `lost`, it does its work and nothing tells of it. `python` is the one
    in front of which a Python cell has run.
    """
    settings = RunSettings(environment="test", logical_time=time, run_id=run_id, first_run_id=plan.lineage)
    executor = Executor(engine, settings)
    context = Context(settings=settings, engine=engine.name)
    steps = steps_in(cells, root, context)
    reuse = Reuse(with_writes(plan, steps), done)
    played = Played()
    computed: dict[str, Any] = {}
    try:
        for at, step in enumerate(steps):
            if at == python:
                reuse.chain("python", "%python\npass")
            if at == fail_at and not lost:
                raise TransientError("injected")
            for due in resolved(step, computed):
                ran = reuse.run(executor, due, parameters or {})
                if at == fail_at:
                    raise TransientError("injected")
                computed |= ran.result.values
                played.said.append(ran.said)
                played.notes.append(note_of(due, ran.result, ran.note))
    except Exception as error:  # noqa: BLE001  # the caller looks at it
        played.error = error
        played.not_stored = {late.view: late.why_not for late in reuse.keep_waiting() if not late.stored}
    finally:
        for view in executor.session({}).views:
            engine.spark().catalog.dropTempView(view.name)
    return played


def with_writes(plan: ReusePlan, steps: Sequence[Step]) -> ReusePlan:
    """The plan with the places that the steps write."""
    tables: dict[str, str] = {}
    written: list[str] = []
    for step in steps:
        written += written_by(step.stage, lambda name: tables.get(name.lower())) or []
        if isinstance(step.stage, DeltaLakeExtract):
            tables[step.stage.output_view.lower()] = step.stage.input_uri
    return ReusePlan(**{name: getattr(plan, name) for name in plan.__slots__} | {"written": tuple(written)})


def note_of(step: Step, result: Any, note: Mapping[str, Any]) -> dict[str, Any]:
    """What the record tells of a stage."""
    cell, stage = step.cell.number, step.stage
    details = dict(result.details)
    about = {"cell": cell, "stage": stage.type_name(), "name": stage.name, "view": result.view, "details": details}
    return {**about, "reuse": dict(note)}


def digest_of(engine: Engine, root: Path, outputs: Mapping[str, str]) -> str:
    """A hash of the columns and rows of all outputs, whatever the rows' order."""
    spark = engine.spark()
    found = hashlib.sha256()
    for name, kind in sorted(outputs.items()):
        if not (root / name).exists():
            found.update(f"{name}: missing\n".encode())
            continue
        frame = spark.read.format(kind).load(str(root / name))
        rows = sorted(json.dumps(row.asDict(recursive=True), default=str, sort_keys=True) for row in frame.collect())
        found.update(json.dumps([name, sorted(frame.dtypes), rows]).encode())
    return found.hexdigest()
