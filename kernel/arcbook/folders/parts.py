"""Jobs of a folder that run within others of it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from arcbook.cells.convert import trees_of
from arcbook.cells.notebook import Job
from arcbook.core.addresses import beside, local_path, scheme_of
from arcbook.core.failures import CellError
from arcbook.stages.execute.pipeline import PipelineExecute


def parts_of(jobs: Mapping[str, Job]) -> dict[str, str]:
    """Those of `jobs` that another one names by a PipelineExecute stage, each with the one that names it.

    An address that depends on a value is passed over. Jobs that name each other are no parts: checking refuses them.
    """
    here = {name: job for name, job in jobs.items() if scheme_of(job.origin) in ("", "file")}
    by_path = {local_path(job.origin).resolve(): name for name, job in here.items()}
    found: dict[str, str] = {}
    for name, job in jobs.items():
        for path in _named(job):
            inner = by_path.get(path)
            if inner is not None and inner != name:
                found.setdefault(inner, name)
    return {inner: outer for inner, outer in found.items() if not _in_a_circle(inner, found)}


def _in_a_circle(name: str, found: Mapping[str, str]) -> bool:
    """Whether the way from a job to the outermost one never ends."""
    seen = {name}
    while (outer := found.get(name)) is not None:
        if outer in seen:
            return True
        seen.add(outer)
        name = outer
    return False


def _named(job: Job) -> Iterator[Path]:
    for cell in job.cells:
        if PipelineExecute.type_name() not in cell.source:
            continue
        try:
            trees = trees_of(cell)
        except CellError:
            continue  # checking the job says what is wrong
        for tree in trees:
            uri = tree.value.get("uri")
            if tree.value.get("type") == PipelineExecute.type_name() and isinstance(uri, str):
                address = beside(job.origin, uri)
                if scheme_of(address) in ("", "file"):
                    yield local_path(address).resolve()
