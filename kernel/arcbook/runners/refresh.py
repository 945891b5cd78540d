"""Views after their Delta table changed.

Spark reads a table's newest state whenever a view over it is read. Sail keeps the state of the moment at which the
view was made, so there the views over a changed table, and the views over those, are made again.
"""

from dataclasses import replace
from typing import Any

from arcbook.core.failures import ArcbookError
from arcbook.engines.session import Session
from arcbook.engines.views import Maker, View
from arcbook.runners.base import run
from arcbook.runners.delta import same_table
from arcbook.runners.delta_places import read_table
from arcbook.sql.references import analyse
from arcbook.stages.base import Stage
from arcbook.stages.keys import Role


def refresh(path: str, session: Session) -> list[str]:
    """Make the views that read the Delta table at `path` again where the engine needs it; returns their names."""
    if session.engine != "embedded":
        return []
    stale: set[str] = set()
    for view in list(session.views):
        name = view.name.lower()
        if view.delta_path is not None and same_table(view.delta_path, path):
            frame = read_table(view.delta_path, session)
            frame.createOrReplaceTempView(view.name)
            session.views.put(view)
            stale.add(name)
        elif view.maker is not None and (stale_reads := stale & _reads(view.maker.stage)) and name not in stale_reads:
            _make_again(view, view.maker, session)
            stale.add(name)
    return sorted(stale)


def _reads(stage: Stage) -> set[str]:
    """The views that a stage reads, in lower case."""
    if getattr(stage, "persist", False):
        return set()  # a persisted view keeps its rows on the other engines, too
    named = {str(value).lower() for _, value in stage.values_of(Role.READS_VIEW)}
    sql = getattr(stage, "sql", None)
    if not isinstance(sql, str):
        return named
    try:
        return named | {each.name.lower() for each in analyse(_filled(sql, stage)).reads}
    except ArcbookError:
        return named


def _filled(sql: str, stage: Any) -> str:
    from arcbook.sql.placeholders import fill

    return fill(sql, stage.sql_params).text


def _make_again(view: View, maker: Maker, session: Session) -> None:
    settings = replace(session.settings, immutable_views=False)
    run(maker.stage, replace(session, settings=settings, parameters=maker.parameters))
    session.views.put(view)
