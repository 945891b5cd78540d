"""The names that a job asks for by `${name}`, and what is given to it beside its parameters."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from arcbook.cells.notebook import Job
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
    *("resume", "cache", "checkpoints", "python-again", "no-python-again", "jobs"),
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


@dataclass(frozen=True, slots=True)
class Shares:
    """Which of several jobs takes which of the values given to all; `problems` names those that none takes."""

    parameters: Mapping[str, Mapping[str, Any]]
    launch: Mapping[str, Mapping[str, str]]
    problems: tuple[Problem, ...] = ()

    def of(self, job: str) -> dict[str, Any]:
        """What one job is given, as `parameters` and `launch`."""
        return {"parameters": self.parameters.get(job, {}), "launch": self.launch.get(job, {})}


def takers(jobs: Mapping[str, Job], parameters: Mapping[str, Any], launch: Mapping[str, str]) -> Shares:
    """Values given to several jobs, apart: each job takes those that it declares or asks for by `${name}`.

    Arc's own launch values are for all; a job that names other jobs takes all launch values, as in a run of its own.
    """
    asked = {name: names_asked(job.sources) for name, job in jobs.items()}
    known = {name: {*asked[name], *job.declarations.by_name} for name, job in jobs.items()}
    parts = {name: {each: value for each, value in parameters.items() if each in known[name]} for name in jobs}
    launched = {
        name: {each: v for each, v in launch.items() if _takes(job, each, asked[name])} for name, job in jobs.items()
    }
    taken = {each for part in (*parts.values(), *launched.values()) for each in part}
    listed = sorted({each.name for job in jobs.values() for each in job.declarations})
    problems = [
        Problem(
            "unknown-parameter",
            f"the jobs have no parameter `{name}` and no `${{{name}}}`",
            key=name,
            remedy=did_you_mean(name, listed) or f"The jobs declare: {', '.join(listed) or 'nothing'}.",
        )
        for name in (*parameters, *launch)
        if name not in taken
    ]
    return Shares(parts, launched, tuple(problems if jobs else ()))


def _takes(job: Job, name: str, asked: set[str]) -> bool:
    """Whether a job takes the launch value `name`."""
    declared, _ = job.declarations.among({name: ""})
    names_jobs = any(PipelineExecute.type_name() in text for text in job.sources)
    return bool(declared) or name in asked or names_jobs or bool(_ARC_OWN.match(name))
