"""The names that a job asks for by `${name}`, and what is given to it beside its parameters."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from arcbook.cells.params import Declarations
from arcbook.core.launch import OPTIONS
from arcbook.core.problem import Problem
from arcbook.core.suggest import did_you_mean
from arcbook.stages.execute.pipeline import PipelineExecute

_PLACEHOLDER = re.compile(r"\$\{\??\s*([^{}\s]+)\s*\}")
#: Launch values that Arc itself reads, or that a launch template gives to every job; a job need not ask for them.
_ARC_OWN = re.compile(r"etl\.(config|policy)\.|ETL_")
#: What somebody may have meant who mistyped an option of `arcbook run` or `arcbook check`.
_OPTIONS = (
    *("environment", "engine", "record", "output", "logical-time", "run-key", "cwd", "json", "timeout"),
    *("complete", "sarif"),
)


def names_asked(texts: Iterable[str]) -> set[str]:
    """The names that `${name}` and `${?name}` ask for."""
    return {name for text in texts for name in _PLACEHOLDER.findall(text)}


def asked_apart(
    given: Mapping[str, Any], declarations: Declarations, asked: set[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values given by name: those of parameters, and those that only `${name}` asks for.

    A name that nobody knows is among the parameters, where binding them refuses it.
    """
    others = {name: value for name, value in given.items() if name in asked and name not in declarations.by_name}
    return {name: value for name, value in given.items() if name not in others}, others


def unasked(declarations: Declarations, texts: Collection[str], launch: Mapping[str, str]) -> list[Problem]:
    """Launch values that mean nothing to a job: misspelt options, names that nobody asks for, and no value at all.

    Of a job that names other jobs no name is refused: those see the launch values too, and are not read here.

    Args:
        declarations: what the job declares.
        texts: the sources of its cells.
        launch: names and values.
    """
    _, others = declarations.among(launch)
    if not others:
        return []
    asked = names_asked(texts)
    names_jobs = any(PipelineExecute.type_name() in text for text in texts)
    found = []
    for name, value in others.items():
        if name not in asked and not names_jobs and not _ARC_OWN.match(name):
            known = (*_OPTIONS, *asked, *(each.name for each in declarations), *(each.argument for each in OPTIONS))
            message = f"there is no option --{name}, and the job does not use ${{{name}}}"
            remedy = did_you_mean(name, known).replace("`", "`--", 1) or "Leave it out."
            found.append(Problem("unknown-parameter", message, key=name, remedy=remedy))
        elif not value:
            message = f"`--{name}=` gives no value, so it would mean nothing"
            found.append(Problem("wrong-value", message, key=name, remedy="Leave it out."))
    return found
