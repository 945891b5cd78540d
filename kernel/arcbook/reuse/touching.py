"""What a stage reads, makes and changes, as far as its keys and its statement tell."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from arcbook.core.failures import ArcbookError
from arcbook.reuse.states import Place, address_of
from arcbook.runners.columns import NAMES
from arcbook.runners.statement import CHANGES
from arcbook.sql.parse import parse
from arcbook.sql.placeholders import fill
from arcbook.sql.references import Statement, analyse
from arcbook.stages.base import Stage
from arcbook.stages.extract.delta_lake import DeltaLakeExtract, TimeTravel
from arcbook.stages.keys import Role

#: Statements about the engine's session alone.
_OF_SESSION = frozenset(("set", "use", "reset", "cache", "uncache", "refresh", "add", "declare"))
_TEMPORARY = re.compile(r"\s*create\s+(?:or\s+replace\s+)?(?:global\s+)?temp", re.IGNORECASE)
#: Functions in place of a table that read nothing; those that sqlglot knows by name read nothing either.
_MAKES_ROWS = frozenset(
    ("range", "json_tuple", "parse_url", "stack", "explode_outer", "posexplode_outer", "inline_outer")
)
#: Statements that look and change nothing.
_LOOKS = frozenset(("query", "explain", "describe", "show", "list"))


class Effect(Enum):
    """What running a stage does: the first two may be done again without harm."""

    VIEW = "makes a view, or only looks"
    SESSION = "changes the engine's session"
    CHECK = "decides or tells something, and changes nothing"
    REPLACE = "writes a place anew, whatever was there"
    ACT = "changes something, and again when it is repeated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """A stage's surroundings.

    `unknown` are names read that no view of the job bears. `complete` is false when a statement may read or change more
    than is listed.
    """

    effect: Effect
    views: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    writes: tuple[Place, ...] = ()
    unknown: tuple[str, ...] = ()
    complete: bool = True


#: The address of the Delta table that a view stands for, or None.
DeltaOf = Callable[[str], str | None]


def statement_of(stage: Stage) -> str | None:
    """The stage's statement over views, its placeholders filled."""
    for role in (Role.SQL, Role.METADATA_SQL):
        for _, sql in stage.values_of(role):
            return fill(str(sql), getattr(stage, "sql_params", {})).text
    return None


def touch_of(stage: Stage, engine: str, known: Callable[[str], bool], delta_of: DeltaOf) -> Touch:
    """What `stage` touches on an engine; `known` tells the views there are."""
    views = [str(name).strip("`").lower() for _, name in stage.values_of(Role.READS_VIEW)]
    places = [*_read_places(stage, engine)]
    writes = [Place(address_of(uri), delta=delta) for uri, delta in _loaded(stage)]
    try:
        text = statement_of(stage)
        statement = analyse(text) if text is not None else None
    except ArcbookError:
        return Touch(effect=_effect(stage, "other", ""), views=tuple(views), complete=False)
    unknown = [*_table_functions(text or "")]
    complete = not stage.opaque and (statement is None or statement.complete)
    for each in statement.reads if statement else ():
        if each.path is not None:
            delta = each.name.lower().startswith("delta")
            places.append(Place(address_of(each.path), delta=delta, live=delta and engine != "embedded"))
        elif not _stands_for_columns(stage, each.name):
            name = each.name.strip("`").lower()
            (views if known(name) else unknown).append(name)
    if statement is not None and statement.kind not in _LOOKS:
        found = [*_changed(statement, delta_of)]
        writes += [Place(address_of(uri), delta=True) for uri in found if uri]
        complete = complete and None not in found
    return Touch(
        effect=_effect(stage, statement.kind if statement else "", text or ""),
        views=tuple(dict.fromkeys(views)),
        places=tuple(dict.fromkeys(places)),
        writes=tuple(dict.fromkeys(writes)),
        unknown=tuple(dict.fromkeys(unknown)),
        complete=complete,
    )


def _table_functions(text: str) -> Iterator[str]:
    """The functions that a statement reads like tables, but for those that only make rows of their arguments."""
    from sqlglot import exp

    tree = parse(text).tree if text else None
    for table in tree.find_all(exp.Table) if tree is not None else ():
        if isinstance(table.this, exp.Anonymous) and str(table.this.this).lower() not in _MAKES_ROWS:
            yield f"{table.this.this}()"


def written_by(stage: Stage, delta_of: DeltaOf) -> list[str] | None:
    """The addresses that a stage writes, as it spells them; None when that cannot be told."""
    try:
        text = statement_of(stage)
        statement = analyse(text) if text is not None else None
    except ArcbookError:
        return None
    if stage.opaque or (statement is not None and not statement.complete):
        return None
    changed = [*_changed(statement, delta_of)] if statement is not None and statement.kind not in _LOOKS else []
    if statement is not None and statement.kind in _OF_SESSION:
        changed = []
    if None in changed:
        return None
    return [*(uri for uri, _ in _loaded(stage)), *(uri for uri in changed if uri)]


def _loaded(stage: Stage) -> Iterator[tuple[str, bool]]:
    """The places of a load, and whether a Delta table is there."""
    delta = stage.type_name().startswith("DeltaLake")
    yield from ((str(uri), delta) for _, uri in stage.values_of(Role.WRITES_PLACE))


def _changed(statement: Statement, delta_of: DeltaOf) -> Iterator[str | None]:
    """The tables that a statement changes; None for one that only the catalogue knows."""
    for each in statement.writes:
        yield each.path if each.path is not None else delta_of(each.name)


def _read_places(stage: Stage, engine: str) -> Iterator[Place]:
    for _, uri in stage.values_of(Role.READS_PLACE):
        address = address_of(str(uri))
        if not isinstance(stage, DeltaLakeExtract):
            yield Place(address, base_path=getattr(stage, "base_path", None))
            continue
        # The embedded engine keeps the state of the moment, but for views that stand for the table itself.
        reads_all = not stage.partition_by and stage.num_partitions is None and not stage.persist
        live = stage.options == TimeTravel() and (engine != "embedded" or reads_all)
        yield Place(address, delta=True, version=stage.options.version_as_of, live=live)


def _stands_for_columns(stage: Stage, name: str) -> bool:
    return name.lower() in NAMES and any(True for _ in stage.values_of(Role.METADATA_SQL))


def _effect(stage: Stage, kind: str, text: str) -> Effect:
    if kind in _OF_SESSION or (kind == "create" and _TEMPORARY.match(text)):
        return Effect.SESSION
    if kind in CHANGES or (kind and kind not in _LOOKS):
        return Effect.ACT
    if stage.kind in ("extract", "transform"):
        return Effect.VIEW
    if stage.kind == "load":
        return Effect.REPLACE if getattr(stage, "save_mode", "") == "Overwrite" else Effect.ACT
    if stage.kind == "validate" or any(True for _ in stage.values_of(Role.SQL)):
        return Effect.CHECK
    return Effect.ACT
