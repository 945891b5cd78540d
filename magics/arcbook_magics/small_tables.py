"""Tables made here rather than by the engine (`%metadata`, `%list`): shown, and kept as a view when asked."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from arcbook_magics import table
from arcbook_magics.rows import Column, Rows
from arcbook_magics.shown import Shown

if TYPE_CHECKING:
    from arcbook.cells.model import Cell
    from arcbook.engines.session import Session
    from arcbook_magics.workbench import Workbench


def show(
    bench: "Workbench",
    cell: "Cell",
    types: Mapping[str, str],
    rows: Sequence[Mapping[str, str | None]],
    *,
    limited: bool = False,
) -> Shown:
    """A table of `rows` with columns `types` (SQL type by name); `outputView` keeps it. `limited` caps its rows."""
    options = bench.options.with_arguments(cell.arguments)
    columns = tuple(Column(name, kind, True, kind in ("bigint", "int")) for name, kind in types.items())
    most = options.row_cap if limited else len(rows)
    values = tuple(tuple(row[name] for name in types) for row in rows)
    shown = Rows(columns, values[:most], more=len(values) > most)
    view = cell.arguments["outputView"].value if "outputView" in cell.arguments else ""
    if view:
        _keep(bench, view, types, values, persist=_flag(cell, "persist"))
    label = view if options["datasetLabels"] else ""
    return Shown(table.bundle(shown, options, label=label))


def _flag(cell: "Cell", name: str) -> bool:
    """Whether a cell's argument says true; that it says true or false was checked with the line."""
    from arcbook.core.truth import TRUTH

    return name in cell.arguments and TRUTH.get(cell.arguments[name].value.lower(), False)


def _keep(
    bench: "Workbench",
    view: str,
    types: Mapping[str, str],
    values: tuple[tuple[str | None, ...], ...],
    *,
    persist: bool,
) -> None:
    from arcbook.runners.views import register, storage_level
    from arcbook.sql.quote import identifier

    def inside(session: "Session") -> None:
        names = [f"c{index}" for index in range(len(types))]
        ddl = ", ".join(f"{name} string" for name in names)
        frame = session.spark.createDataFrame([tuple(row) for row in values], ddl)
        typed = [
            f"CAST({name} AS {kind}) AS {identifier(column)}"
            for name, (column, kind) in zip(names, types.items(), strict=True)
        ]
        table = frame.selectExpr(*typed)
        if persist and "persist" in session.capabilities:
            table.persist(storage_level(session.settings.storage_level))
        register(table, view, session)

    bench.with_session(inside)
