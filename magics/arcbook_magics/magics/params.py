"""Declare the job's parameters, one `name: type = default` a line.

    %params
    run_date:  date                        # day to load; required, for it has no default
    region:    enum("eu", "us") = "eu"
    threshold: decimal(5,2) = 0.05 (0..1)

SQL binds them as `:name`; `${name}` pastes their text. Types: string, integer, long, decimal(p,s), double, boolean,
date, timestamp, interval, enum, uri, list[T], secret. Values given to the run win over defaults, wherever their cell
stands. At a notebook with somebody in front of it the values appear as a form.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from arcbook.core.failures import CellError
from arcbook.core.masking import MASK
from arcbook.core.problem import Problem
from arcbook.core.suggest import did_you_mean
from arcbook_magics.shown import Shown, listing

if TYPE_CHECKING:
    from arcbook.cells.model import Cell
    from arcbook_magics.workbench import Workbench


def run(bench: "Workbench", cell: "Cell") -> Iterator[Shown]:
    """Take declarations or given values, and show all parameters."""
    from arcbook.cells.params import INJECTED_TAG, is_assignments, read_assignments, read_declarations

    if is_assignments(cell):
        given = read_assignments(cell)
        if bench.interactive and (unknown := bench.inputs.unknown(given)):
            # A launcher may give values before the cell that declares them; a person has mistyped a name.
            raise CellError([_undeclared(bench, name) for name in unknown])
        # In a run the launcher's cell wins wherever it stands; somebody at the notebook may try other values.
        bench.inputs.give(given, fix=INJECTED_TAG in cell.tags and not bench.interactive)
    else:
        bench.inputs.declare(read_declarations(cell), cell.cell_id)
    yield shown_parameters(bench)


def _undeclared(bench: "Workbench", name: str) -> Problem:
    known = bench.inputs.declared.by_name if bench.inputs.declared else {}
    remedy = did_you_mean(name, known) or "Declare it in a `%params` cell."
    return Problem("unknown-parameter", f"the job has no parameter `{name}`", key=name, remedy=remedy)


def shown_parameters(bench: "Workbench") -> Shown:
    """The parameters with types and values; a form where one can be filled in."""
    inputs = bench.inputs
    rows = []
    for each in inputs.declared or ():
        given = inputs.given.get(each.name)
        if each.type.kind == "secret":
            value = MASK if given is not None else each.default_text() or ""
        elif given is not None:
            value = each.type.text(each.read(given))
        else:
            value = "required: no value yet" if each.required else each.default_text() or "null"
        rows.append((each.name, str(each.type), value, each.help))
    known = {row[0] for row in rows}
    # Nobody knows yet whether it is a secret.
    rows += [(name, "not declared yet", "given", "") for name in inputs.given if name not in known]
    shown = listing("", ("parameter", "type", "value", "meaning"), rows)
    if bench.has_widgets and rows:
        from arcbook_magics.form import with_form

        return with_form(bench, shown)
    return shown
