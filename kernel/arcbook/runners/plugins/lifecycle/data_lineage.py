"""DataLineage."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from arcbook.core.masking import mask_url
from arcbook.core.translate import translate
from arcbook.engines.session import Session
from arcbook.engines.views import ViewBook
from arcbook.runners.base import Result
from arcbook.runners.hooks import after
from arcbook.sql.errors import SqlError
from arcbook.sql.placeholders import fill
from arcbook.sql.quote import identifier
from arcbook.sql.references import analyse
from arcbook.stages.base import Stage
from arcbook.stages.keys import Role
from arcbook.stages.plugins.lifecycle.data_lineage import DataLineage


@after.register
def add_lineage(plugin: DataLineage, stage: Stage, result: Result, session: Session) -> Result:
    """Add to a load where its rows come from."""
    read = [str(name) for _, name in stage.values_of(Role.READS_VIEW)]
    if stage.kind != "load" or not read:
        return result
    lineage = {"plan": _plan(read[0], session), "stages": list(_stages(read, session.views))}
    session.log({"event": "lineage", "stage": stage.name, "queryExecution": lineage})
    return replace(result, details={**result.details, "queryExecution": lineage})


def _plan(view: str, session: Session) -> list[str]:
    """The analysed plan of a view, a line an item, in the engine's own words."""
    known = session.views.get(view)
    name = identifier(known.name if known else view)
    try:
        text = str(session.spark.sql(f"EXPLAIN EXTENDED SELECT * FROM {name}").collect()[0][0])
    except Exception as error:  # noqa: BLE001  # the load has done its work: what is told of it must not undo that
        return [f"The engine tells no plan: {translate(error).message}"]
    _, found, rest = text.partition("== Analyzed Logical Plan ==\n")
    plan = rest.partition("\n\n==")[0].partition("\n== ")[0] if found else text
    return [line.rstrip() for line in plan.splitlines() if line.strip()]


def _stages(wanted: list[str], views: ViewBook) -> Iterator[dict[str, Any]]:
    """The stages behind views, the nearest first, each once; a view that Python or an execution made has none."""
    waiting, seen = list(wanted), set[str]()
    while waiting:
        name = waiting.pop(0)
        view = views.get(name)
        if name.lower() in seen or view is None:
            continue
        seen.add(name.lower())
        if view.maker is None:
            yield {"outputView": view.name}
            continue
        stage = view.maker.stage
        reads = _reads(stage)
        places = [mask_url(str(place)) for _, place in stage.values_of(Role.READS_PLACE)]
        yield {"outputView": view.name, "type": stage.type_name(), "name": stage.name} | {
            key: value for key, value in (("views", reads), ("places", places)) if value
        }
        waiting += reads


def _reads(stage: Stage) -> list[str]:
    """The views that a stage reads."""
    named = [str(name) for _, name in stage.values_of(Role.READS_VIEW)]
    for _, sql in stage.values_of(Role.SQL):
        try:
            statement = analyse(fill(str(sql), getattr(stage, "sql_params", {})).text)
        except SqlError:
            continue  # the engine took what our reader does not know
        named += [each.path or each.name for each in statement.reads]
    return list(dict.fromkeys(named))
