"""PipelineExecute."""

from typing import Annotated, ClassVar

from pydantic import Field

from arcbook.stages.base import ExecuteStage
from arcbook.stages.keys import Authentication, Role, TextMap


class PipelineExecute(ExecuteStage):
    """Run the stages of another job in this one's place.

    The other job, a notebook or a job file, is read and checked with this one. Its stages share the views; they see
    this job's values and parameters, and their own job's in front of those. SQL files, schemas and jobs
    that it names are relative to its own folder. Its parameters and plugins end with it; the values of a job file stay
    for later stages, behind this job's own.

    `params` gives the other job's parameters their values, and `${name}` its text. Without an entry, a parameter that
    both jobs declare has this job's value. A job cannot run within itself.
    """

    example: ClassVar[str] = """
{
  "type": "PipelineExecute",
  "name": "the common cleaning",
  "environments": ["test"],
  "uri": "s3://jobs/cleaning.ipynb",
  "params": {"region": "eu"}
}
"""
    expands = True
    reads_params = True

    uri: Annotated[
        str,
        Role.DOCUMENT,
        Field(min_length=1, description="Address of the job; local, `http(s)://` or `s3://`."),
    ]
    params: Annotated[TextMap, Field(description="Values for the other job's parameters and `${name}`.")] = {}
    authentication: Authentication = {}
