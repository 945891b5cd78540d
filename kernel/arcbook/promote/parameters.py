"""A job's declared parameters as arguments of a workflow; secrets as references."""

from collections.abc import Mapping

from arcbook.cells.declarations import Declaration
from arcbook.cells.params import Declarations, Values
from arcbook.cells.secrets import is_address
from arcbook.core.failures import CellError
from arcbook.core.problem import Problem, Severity
from arcbook.core.suggest import did_you_mean
from arcbook.promote.checks import check_texts
from arcbook.promote.manifests import Argument

_K8S = "k8s://"


def arguments_of(
    declarations: Declarations, given: Mapping[str, str], *, scheduled: bool
) -> tuple[tuple[Argument, ...], Values, list[Problem]]:
    """The arguments, the values they stand for as far as known, and all problems.

    Args:
        declarations: the job's parameters.
        given: values chosen at promotion, which replace the defaults.
        scheduled: whether a CronWorkflow starts the job, which cannot be asked for a missing value.
    """
    plain = {each.name: each for each in declarations if each.type.kind != "secret"}
    problems = [_direct_secret(each.name) for each in declarations if each.name in given and each.name not in plain]
    open_names = {name for name, each in plain.items() if each.required and name not in given}
    if scheduled:
        problems += [_unscheduled(plain[name]) for name in plain if name in open_names]
    known = Declarations({name: each for name, each in plain.items() if name not in open_names}, declarations.complete)
    try:
        # Names of secrets were reported above; they must not be called unknown too.
        values = known.bind(
            {name: value for name, value in given.items() if name not in declarations.by_name or name in plain}
        )
    except CellError as error:
        return (), known.defaults(), [*problems, *error.problems]
    arguments = []
    for name, each in plain.items():
        text = None if name in open_names or values.typed[name] is None else each.written(values.typed[name])
        if text is None and name not in open_names:
            problems.append(_left_out(each))
            continue
        choices = _choices(each)
        # Argo shows the choices by itself, and takes everything for text.
        kind = "" if choices or each.type.kind == "string" else str(each.type)
        help_text = "; ".join(part for part in (each.help, kind, each.rules()) if part)
        arguments.append(Argument(name=name, value=text, choices=choices, help=help_text))
        # The place is the parameter, whatever part of its declaration holds the text.
        texts = {f"the parameter {name}": "\n".join((text or "", help_text, *choices))}
        problems += check_texts(texts)
    return tuple(arguments), values, problems


def secrets_of(declarations: Declarations, given: Mapping[str, str]) -> tuple[dict[str, str], list[Problem]]:
    """Where secret parameters are kept, for those whose declaration is not to decide, and all problems."""
    names = [each.name for each in declarations if each.type.kind == "secret"]
    problems = [
        Problem(
            "unknown-parameter",
            f"the job has no secret parameter `{name}`",
            key="--secret",
            remedy=did_you_mean(name, names) or "Declare it in the `%params` cell: `name: secret`.",
        )
        for name in given
        if name not in names and declarations.complete
    ]
    for name, address in given.items():
        secret, _, key = address.removeprefix(_K8S).partition("/")
        if not is_address(address) and not (address.startswith(_K8S) and secret and key):
            problems.append(_direct_secret(name))
        problems += check_texts({f"--secret {name}": address})
    for each in declarations:
        if each.name in names and each.required and each.name not in given:
            problems.append(
                Problem(
                    "missing-parameter",
                    f"nothing says where the secret `{each.name}` is kept",
                    each.span,
                    each.name,
                    f"Give its address: --secret {each.name} aws-secretsmanager://…, or k8s://SECRET/KEY.",
                )
            )
    return dict(given), problems


def _choices(declaration: Declaration) -> tuple[str, ...]:
    return ("true", "false") if declaration.type.kind == "boolean" else declaration.type.choices


def _direct_secret(name: str) -> Problem:
    # The value itself is in no message: it may be the secret.
    return Problem(
        "secret-in-text",
        f"the secret `{name}` must be given by its address, not by its value",
        key=name,
        remedy=f"Write --secret {name} aws-secretsmanager://…, or k8s://SECRET/KEY.",
    )


def _unscheduled(declaration: Declaration) -> Problem:
    name = declaration.name
    message = f"the parameter `{name}` ({declaration.type}) has no value, so no scheduled run would start"
    return Problem("missing-parameter", message, declaration.span, name, f"Give it a default, or `-p {name}=…`.")


def _left_out(declaration: Declaration) -> Problem:
    name = declaration.name
    message = (
        f"the parameter `{name}` has no value by default; the workflow leaves it out, for Argo knows no such value"
    )
    remedy = f"To set it in the workflow, give a value: `-p {name}=…`."
    return Problem("missing-parameter", message, declaration.span, name, remedy, Severity.WARNING)
