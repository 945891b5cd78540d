"""The events of one run: what it reads and writes, told to a lineage server as it begins and as it ends."""

import os
from collections.abc import Callable, Iterable
from contextlib import chdir, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arcbook.cells.notebook import source_of
from arcbook.cells.plan import check_job
from arcbook.core.failures import ArcbookError
from arcbook.core.kernelspec import KERNEL
from arcbook.events.datasets import Dataset, datasets
from arcbook.events.namespace import namespace
from arcbook.events.naming import ending_of
from arcbook.events.send import Sender
from arcbook.planning.traffic import outline
from arcbook.planning.values import Plan
from arcbook.runs.meaning import job_and_context
from arcbook.runs.record import Record
from arcbook.runs.request import Prepared, Request
from arcbook.stages.keys import Role

if TYPE_CHECKING:
    from arcbook.cells.model import Step

_Both = tuple[tuple[Dataset, ...], tuple[Dataset, ...]]


class RunEvents:
    """Sends START when made, and how it ended with `end`; `trouble` says what went wrong with that, or is empty."""

    def __init__(self, request: Request, prepared: Prepared, record: Record, mask: Callable[[str], str]) -> None:
        self._request = request
        self._prepared = prepared
        self._mask = mask
        self._sender = Sender(mask)
        self._steps: tuple[Step, ...] = ()
        self._outline = Plan(record.job, record.environment)
        if request.kernel == KERNEL and prepared.refused is None:
            with suppress(ArcbookError), chdir(request.folder or os.curdir):
                job, context = job_and_context(request, prepared)
                self._steps = check_job(job, context).steps
                self._outline = outline(record.job, self._steps, prepared.settings)
        self._sender.send(lambda: self._event("START", record, datasets(self._outline)))

    @property
    def trouble(self) -> str:
        """The first thing that went wrong with sending."""
        return self._sender.trouble

    def end(self, record: Record) -> None:
        """Tell how the run ended: of a complete one with the schemas and the lineage of columns."""
        found = datasets(self._outline)
        if record.status == "completed" and self._steps:
            with suppress(ArcbookError):
                found = datasets(self._rehearsed())
        self._sender.send(lambda: self._event(ending_of(record.status), record, found))
        self._sender.close()

    def _rehearsed(self) -> Plan:
        """The plan with the columns of all views, made on an embedded engine of its own.

        What the run wrote is there by now: it must not be taken for what the run found.
        """
        from arcbook.engines.open import open_engine
        from arcbook.planning.rehearsal import rehearse

        engine = open_engine("embedded")
        try:
            with chdir(self._request.folder or os.curdir):
                job, context = job_and_context(self._request, self._prepared)
                plan = rehearse(job, replace(context, engine="embedded"), engine)
        finally:
            engine.close()
        return plan

    def _event(self, state: str, record: Record, found: _Both) -> Any:
        from arcbook.events.build import JobFacts, RunFacts, run_event

        run = RunFacts(
            run_id=record.run_id,
            logical_time=record.logical_time,
            engine=record.engine,
            parent=(self._request.part_of_name, record.part_of) if record.part_of else None,
        )
        job = JobFacts(
            namespace=namespace(),
            name=record.job,
            sources=list(_sources(self._prepared.notebook)),
            statements=[str(sql) for step in self._steps for _, sql in step.stage.values_of(Role.SQL)],
        )
        error = record.failure.message if record.failure else ""
        moment = record.started if state == "START" else record.ended or record.started
        return run_event(state, moment, run, job, *found, self._mask, error)


def _sources(notebook: dict[str, Any]) -> Iterable[str]:
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            yield source_of(cell)
