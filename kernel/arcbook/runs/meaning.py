"""What a prepared run will do, for those who look at it from outside: its job with the values of the run."""

import json

from arcbook.cells.fetch import frozen, relative_to
from arcbook.cells.notebook import Job, notebook_job
from arcbook.cells.plan import Context
from arcbook.runs.request import Prepared, Request


def job_and_context(request: Request, prepared: Prepared) -> tuple[Job, Context]:
    """The job, and all that decides on its meaning. Relative addresses start at `request.folder`.

    Raises:
        ArcbookError: the request was refused, so that its values may be wrong.
    """
    given = notebook_job(json.dumps(prepared.notebook), request.source)
    job = request.job or given
    context = Context(
        settings=prepared.settings,
        launch=prepared.launch,
        values=job.declarations.bind(given.injected),
        folder="",
        fetch=frozen(request.documents, relative_to(request.folder or "")),
        engine=prepared.engine,
        complete=True,
    )
    return job, context
