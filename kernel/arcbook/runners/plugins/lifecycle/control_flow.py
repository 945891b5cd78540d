"""ControlFlow."""

from collections.abc import Mapping

from arcbook.runners.base import Decision
from arcbook.runners.hooks import refusal
from arcbook.stages.plugins.lifecycle.control_flow import ControlFlow


@refusal.register
def refuse_by_decision(plugin: ControlFlow, decisions: Mapping[str, Decision]) -> tuple[str, Decision] | None:
    """Refuse when the decision under the plugin's key is false."""
    decision = decisions.get(plugin.key)
    if decision is None or decision.goes_on:
        return None
    return f"skipping stage due to control flow key: '{plugin.key}' = false.", decision
