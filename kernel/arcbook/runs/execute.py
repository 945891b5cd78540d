"""One run from beginning to end: prepare, start the kernel, run the cells, leave the record."""

import os
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arcbook.core.failures import ArcbookError
from arcbook.core.kernelspec import KERNEL
from arcbook.core.launcher import Launch
from arcbook.core.masking import Masker, mask_url, masker
from arcbook.core.translate import translate, translating
from arcbook.events.switch import configured
from arcbook.reuse.plan import ReusePlan
from arcbook.runs import layout
from arcbook.runs.clock import Clock
from arcbook.runs.journal import FORMAT, Journal, read_events
from arcbook.runs.kept import keep_here
from arcbook.runs.kernels import RUN_VARIABLE
from arcbook.runs.last_words import RunLog
from arcbook.runs.prepare import prepare
from arcbook.runs.record import Record
from arcbook.runs.recording import ended_record, failure_note, first_record, mask_error, masked_record, status_of
from arcbook.runs.render import render
from arcbook.runs.request import Ending, OnCell, Outcome, Prepared, Request, now
from arcbook.runs.reusing import after_run, reuse_plan
from arcbook.runs.sources import bare, to_bytes
from arcbook.runs.stop import Stop
from arcbook.runs.store import Folder, Say, open_store

if TYPE_CHECKING:
    from arcbook.runs.events import RunEvents


def execute(request: Request, on_cell: OnCell = lambda index, number, status: None) -> Outcome:
    """Make the run that `request` asks for. What the job does wrong is in the outcome, not raised.

    Raises:
        ArcbookError: no record can be kept where it should be; nothing was run.
    """
    hidden = masker()
    hidden.add_environment(os.environ)
    started = now()
    clock = Clock(started)
    run_id = layout.new_run_id(started)
    folder = open_store(request.record_root).folder(layout.job_name(request.source), run_id)
    with Stop() as stop, RunLog(clock) as log:
        prepared = prepare(request, started)
        record = first_record(request, prepared, run_id, started)
        with translating(f"cannot keep a record at {folder.address}"):
            folder.put(layout.RECORD, masked_record(record, hidden).to_json().encode())
            opened = Journal(folder.start_journal(_loudly(log)), hidden, clock)
        events = _events(request, prepared, record, hidden)
        with opened as journal:
            ending = _run(request, prepared, record, journal, stop, on_cell, log)
            _end(ending, journal, log, hidden)
        record = ended_record(record, ending, clock.now(), hidden)
        if stop.urgency:
            folder.hurry()
        outcome = _leave(folder, journal.path, masked_record(record, hidden), ending, prepared)
    if events is not None:
        events.end(outcome.record)
        if events.trouble:
            outcome = replace(outcome, warnings=(*outcome.warnings, events.trouble))
    return outcome


def _end(ending: Ending, journal: Journal, log: RunLog, hidden: Masker) -> None:
    """Write the journal's last line."""
    failure = None
    if ending.error:
        mask_error(ending.error, hidden)
        log.say(f"failed: {ending.error.message}")
        ending.logs["run"] = log.tail()
        failure = failure_note(ending.error, ending.cell).model_dump(mode="json")
    with suppress(OSError):  # on a full disk the story stays without an end, which the record tells
        journal.write("run-end", status=status_of(ending.error), failure=failure)


def _events(request: Request, prepared: Prepared, record: Record, hidden: Masker) -> "RunEvents | None":
    """The run's events, which have begun; None when nobody wants them."""
    if not configured():
        return None
    from arcbook.runs.events import RunEvents

    return RunEvents(request, prepared, masked_record(record, hidden), hidden.mask)


def _loudly(log: RunLog) -> Say:
    """Tell people and the run's log at once: a run whose record is in danger should not look like all others."""

    def say(text: str) -> None:
        shown = mask_url(masker().mask(text))
        print(shown, file=sys.stderr, flush=True)
        log.say(shown)

    return say


def _run(
    request: Request, prepared: Prepared, record: Record, journal: Journal, stop: Stop, on_cell: OnCell, log: RunLog
) -> Ending:
    """Run the cells, if they may run. Whatever goes wrong is in the ending: the record is completed in any case."""
    try:
        _begin(journal, record, prepared)
        if prepared.refused:
            _show_refusal(journal, prepared)
            return Ending(prepared.refused)
        if prepared.settings.lint_only:
            return Ending()
        return _run_kernel(request, prepared, journal, stop, record.run_id, on_cell, log)
    except Exception as error:  # noqa: BLE001  # a bug of ours, or a journal on a full disk
        return Ending(prepared.refused or translate(error))


def _run_kernel(
    request: Request, prepared: Prepared, journal: Journal, stop: Stop, run_id: str, on_cell: OnCell, log: RunLog
) -> Ending:
    import nbformat
    from nbclient.util import run_sync

    from arcbook.runs.client import JournalClient

    client = JournalClient(
        nbformat.from_dict(prepared.notebook),  # type: ignore[no-untyped-call]
        journal=journal,
        masker=masker(),
        stop=stop,
        log=log,
        numbers=prepared.numbers,
        on_cell=lambda index, status: on_cell(index, prepared.numbers.get(index), status),
        kernel_name=request.kernel,
        timeout=request.cell_timeout,
        startup_timeout=request.start_timeout,
    )
    plan = reuse_plan(request, prepared, run_id) if request.kernel == KERNEL else ReusePlan()
    options: dict[str, Any] = {"env": os.environ | _kernel_environment(request, prepared, run_id, plan)}
    if request.folder:
        options["cwd"] = request.folder
    ending: Ending = run_sync(client.run)(run_id, **options)
    ending.troubles += after_run(plan, run_id, ending.stages, completed=ending.error is None)
    return ending


def _kernel_environment(request: Request, prepared: Prepared, run_id: str, plan: ReusePlan) -> dict[str, str]:
    """What a launcher tells a kernel (docs/design.md): the engine, the environment, and the launch as JSON."""
    variables = {RUN_VARIABLE: run_id}
    if request.kernel != KERNEL:
        return variables
    launch = Launch(
        engine=prepared.engine,
        environment=prepared.environment,
        environment_source=prepared.environment_source,
        run_id=run_id,
        run_key=prepared.run_key,
        job=layout.job_name(request.source),
        logical_time=prepared.logical_time,
        values=prepared.launch,
        documents=request.documents,
        reuse=plan.to_dict(),
        interactive=False,
    )
    return variables | launch.variables()


def _begin(journal: Journal, record: Record, prepared: Prepared) -> None:
    journal.write("run", format=FORMAT, run_id=record.run_id, job=record.job, notebook=bare(prepared.notebook))


def _show_refusal(journal: Journal, prepared: Prepared) -> None:
    """Put the problems into the cells they belong to, so that the notebook shows them in their places."""
    assert prepared.refused is not None
    by_number = {number: index for index, number in prepared.numbers.items()}
    shown: dict[int, list[str]] = {}
    for problem in prepared.refused.problems:
        cell = problem.span.cell if problem.span else None
        if cell in by_number:
            shown.setdefault(by_number[cell], []).append(str(problem))
    for index, lines in sorted(shown.items()):
        output = {"output_type": "error", "ename": type(prepared.refused).__name__, "evalue": lines[0]}
        journal.write("output", cell=index, output={**output, "traceback": lines})


def _leave(folder: Folder, journal: Path, record: Record, ending: Ending, prepared: Prepared) -> Outcome:
    """Render the notebook and complete the record; a run that leaves none in its place is no success."""
    text = journal.read_text(encoding="utf-8")
    notebook = render(read_events(text))
    address, trouble = folder.address, ""
    error = ending.error
    try:
        folder.end_journal()
        folder.finish(record, to_bytes(notebook))
    except (ArcbookError, OSError) as raised:
        kept = keep_here(record, journal, folder.address, raised, masker())
        record, notebook, address = kept.record, kept.notebook, kept.address or address
        trouble = kept.error.message if ending.error else ""
        error = ending.error or kept.error
    return Outcome(
        record=record,
        address=address,
        notebook=notebook,
        error=error,
        cell_index=ending.index,
        record_trouble=trouble,
        warnings=tuple(masker().mask(str(problem)) for problem in prepared.warnings),
    )
