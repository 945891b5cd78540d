"""Which environments a stage or plugin lists."""

from arcbook.cells.bind import Scope, bind
from arcbook.cells.merge import as_list
from arcbook.cells.messages import opening
from arcbook.cells.tree import Tree
from arcbook.core.failures import CellError
from arcbook.core.problem import Problem, Severity


def environments_of(tree: Tree, scope: Scope) -> tuple[str, ...]:
    """The environments a tree lists, as far as they are known."""
    try:
        value = as_list(bind(tree.with_value({"e": tree.value.get("environments")}), scope).value.get("e"))
    except CellError:
        return ()
    if isinstance(value, str):
        return (value,)  # checking the stage says that it must be a list
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def never_runs(tree: Tree, what: str, remedy: str, *, so: str = "") -> Problem:
    """That `what`, which the tree declares, lists no environment: Arc leaves it out of every job without a word.

    `so` says what follows from that.
    """
    listed = ("environments",) in tree.spans
    return Problem(
        "never-runs",
        f"no environment runs {what}: it lists none{f', so {so}' if so else ''}",
        tree.key_span(("environments",)) if listed else opening(tree.span(())),
        "environments",
        remedy,
        Severity.WARNING,
    )
