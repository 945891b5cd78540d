"""ControlFlow."""

from typing import Annotated, ClassVar

from pydantic import Field

from arcbook.stages.plugins.base import LifecyclePlugin

#: Under this key an outcome is stored and looked for when a job says nothing.
DEFAULT_KEY = "controlFlowPluginOutcome"


class ControlFlow(LifecyclePlugin):
    """End the job early, as a success, when a ControlFlowExecute stage says so.

    Before each stage the outcome stored under `key` is looked up. Nothing stored, or true: the stage runs. False: it
    does not run, nor does anything behind it, and the run succeeds. Output and record name every stage that was left
    out, with the message of the stage that decided.
    """

    example: ClassVar[str] = """
{
  "type": "ControlFlow",
  "environments": ["test"]
}
"""

    key: Annotated[str, Field(min_length=1, description="Where the outcome is looked up; that of the stage.")] = (
        DEFAULT_KEY
    )
