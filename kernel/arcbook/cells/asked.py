"""What a job asks for by `${name}`, and launch values that it does not ask for."""

import re
from collections.abc import Iterable, Mapping

from arcbook.cells.notebook import Job
from arcbook.core.problem import Problem
from arcbook.core.suggest import did_you_mean
from arcbook.stages.execute.pipeline import PipelineExecute

_PLACEHOLDER = re.compile(r"\$\{\??\s*([^{}\s]+)\s*\}")
#: Launch values that Arc itself reads, or that a launch template gives to every job; a job need not ask for them.
_ARC_OWN = re.compile(r"etl\.(config|policy)\.|ETL_")
#: What somebody may have meant who mistyped an option of `arcbook run` or `arcbook check`.
_OPTIONS = ("environment", "engine", "record", "output", "logical-time", "cwd", "json", "timeout", "complete", "sarif")


def asked_names(texts: Iterable[str]) -> set[str]:
    """The names that `${name}` and `${?name}` ask for in texts."""
    return {name for text in texts for name in _PLACEHOLDER.findall(text)}


def unasked(job: Job, sources: Iterable[str], launch: Mapping[str, str]) -> list[Problem]:
    """Launch values that mean nothing to a job: misspelt options, names that nobody asks for, and no value at all.

    Of a job that names other jobs no name is refused: those see the launch values too, and are not read here.

    Args:
        job: says what is declared.
        sources: the text of its cells, which ask by `${name}`.
        launch: names and values.
    """
    _, others = job.declarations.among(launch)
    texts = list(sources) if others else []
    asked, names_jobs = asked_names(texts), any(PipelineExecute.type_name() in text for text in texts)
    found = []
    for name, value in others.items():
        if name not in asked and not names_jobs and not _ARC_OWN.match(name):
            known = (*_OPTIONS, *asked, *(each.name for each in job.declarations))
            message = f"there is no option --{name}, and the job does not use ${{{name}}}"
            remedy = did_you_mean(name, known).replace("`", "`--", 1) or "Leave it out."
            found.append(Problem("unknown-parameter", message, key=name, remedy=remedy))
        elif not value:
            message = f"`--{name}=` gives no value, so it would mean nothing"
            found.append(Problem("wrong-value", message, key=name, remedy="Leave it out."))
    return found
