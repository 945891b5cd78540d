"""ChaosMonkey."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from arcbook.stages.plugins.base import LifecyclePlugin


class ChaosMonkey(LifecyclePlugin):
    """Fail on purpose after some stages, to see that schedulers and alarms do what they should.

    After each stage the job fails with the given probability. The failure is of class `transient`, so that retries are
    tried too; what the stage made stays.
    """

    example: ClassVar[str] = """
{
  "type": "ChaosMonkey",
  "environments": ["test"],
  "probability": 0.05
}
"""

    probability: Annotated[float, Field(ge=0, le=1, description="How often, from 0 (never) to 1 (after each stage).")]
    strategy: Annotated[Literal["exception"], Field(description="What happens: the stage fails.")] = "exception"
