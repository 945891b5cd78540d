"""ChaosMonkey."""

import random

from arcbook.core.failures import TransientError
from arcbook.engines.session import Session
from arcbook.runners.base import Result
from arcbook.runners.hooks import after
from arcbook.stages.base import Stage
from arcbook.stages.plugins.lifecycle.chaos_monkey import ChaosMonkey


@after.register
def fail_sometimes(plugin: ChaosMonkey, stage: Stage, result: Result, session: Session) -> Result:
    """Fail with the plugin's probability.

    Raises:
        TransientError: it was the stage's turn.
    """
    if random.random() < plugin.probability:
        raise TransientError("ChaosMonkey triggered and exception thrown.")
    return result
