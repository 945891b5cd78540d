"""Several jobs as one: their cells, parameters and values, one after the other."""

from collections.abc import Sequence
from dataclasses import replace

from arcbook.cells.model import Cell
from arcbook.cells.notebook import Job
from arcbook.cells.params import Declarations
from arcbook.cells.places import place_of
from arcbook.core.failures import CellError
from arcbook.core.problem import Problem


def joined(jobs: Sequence[Job]) -> Job:
    """One job that does what `jobs` do in their order; places name the file of each.

    Parameters are declared for all of them, by whichever declares them. What a job file holds beside its stages is
    known from its own stages on, not in the jobs before it. The last `%environment` cell counts. Relative addresses of
    data, statements and schemas are relative to the folder of the first job, in which the run works; what a job file
    includes lies beside that file.

    Args:
        jobs: at least one; a single job comes back as it is.
    """
    first, *others = jobs
    if not others:
        return first
    problems: list[Problem] = []
    declarations = Declarations()
    environment: str | None = None
    cells: list[Cell] = []
    for job in jobs:
        problems += sorted(job.problems, key=place_of)
        environment = job.environment or environment
        cells += (*_values(job), *job.cells)
        try:
            declarations = declarations.merged(job.declarations)
        except CellError as error:
            problems += error.problems
    return Job(
        first.origin,
        tuple(cells),
        "joined",
        declarations=declarations,
        environment=environment,
        problems=tuple(problems),
        injected={name: value for job in jobs for name, value in job.injected.items()},
        parts=tuple(jobs),
    )


def _values(job: Job) -> list[Cell]:
    """The values beside a job file's stages as the cell that they are in a notebook."""
    if not job.values or job.document is None:
        return []
    tree = replace(job.document, value=dict(job.values))
    return [Cell("", "document", origin=job.origin, cell_id="document", tree=tree)]
