"""Unchanged work is taken from earlier runs, and never anything else."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcbook.cells.magics import read_cell
from arcbook.cells.plan import Context, steps_of
from arcbook.core.settings import RunSettings
from arcbook.engines.base import Engine
from arcbook.reuse.checkpoints import Checkpoints
from arcbook.reuse.keys import chance
from arcbook.reuse.plan import ReusePlan
from arcbook.reuse.reuse import Ran, Reuse
from arcbook.reuse.touching import touch_of
from arcbook.runners.executor import Executor
from arcbook.sql.lexical import regions
from arcbook.sql.quote import Typed
from tests.reuse.playing import DATA, TIME

EDITS = yaml.safe_load((DATA / "edits.yaml").read_text(encoding="utf-8"))
PARAMETERS = {"least": Typed(15, "INT"), "most": Typed(25, "INT")}
_WORDS = re.compile(
    r"\b(?:select|from|where|group|order|by|join|left|on|union|all|case|when|then|else|with|limit|over)\b", re.I
)


def harmless(sql: str) -> Iterator[str]:
    """Edits that change nothing: comments, blanks, lines, the case of SQL's own words."""
    yield f"-- what it is for\n{sql}\n-- the end"
    yield spread(sql, "\n   ")
    yield re.sub(r"(?<=\s)(?=FROM\b)", "/* why, it's said */ ", sql)
    yield f"\n\n{sql} ;\n"
    yield cased(sql, str.lower)
    yield cased(sql, str.title)


def spread(sql: str, blank: str) -> str:
    """Other blanks wherever there is one outside text and names."""
    return "".join(part if quoted else re.sub(r" +", lambda _: blank, part) for part, quoted in parts(sql))


def cased(sql: str, fold: Any) -> str:
    """SQL's own words in another case."""
    return "".join(
        part if quoted else _WORDS.sub(lambda found: fold(found.group()), part) for part, quoted in parts(sql)
    )


def parts(sql: str) -> Iterator[tuple[str, bool]]:
    """The stretches of a statement, and whether they are quoted."""
    position = 0
    for region in regions(sql):
        yield sql[position : region.start], False
        yield sql[region.start : region.end], True
        position = region.end
    yield sql[position:], False


def pairs() -> list[tuple[str, str, bool]]:
    """Statement, edited statement, and whether they yield the same."""
    found = []
    for each in EDITS["statements"]:
        sql = each["sql"]
        found += [(sql, edited, True) for edited in (*harmless(sql), *each.get("same", ())) if edited != sql]
        found += [(sql, edited, False) for edited in each["other"]]
    return found


class Session:
    """Runs with a cache on one engine, each without the views of the others."""

    def __init__(self, engine: Engine, root: Path) -> None:
        self.engine = engine
        self.plan = ReusePlan(root=str(root), keep="always", cache=True, written=())
        self.runs = 0

    def run(self, sql: str, *, cache: bool = True) -> tuple[Ran, Any]:
        """The statement over the views of the data file: how it was done, and its columns and rows."""
        self.runs += 1
        settings = RunSettings(environment="test", logical_time=TIME, run_id=f"run-{self.runs}")
        executor = Executor(self.engine, settings)
        plan = self.plan if cache else ReusePlan()
        reuse = Reuse(replace(plan, lineage=f"run-{self.runs}"))
        cells = [
            f'%sql name="{name}" environments=test outputView={name}\n{text}' for name, text in EDITS["views"].items()
        ]
        ran: Ran | None = None
        for cell in (*cells, f'%sql name="edited" environments=test outputView=edited\n{sql}'):
            context = Context(settings=settings, engine=self.engine.name)
            for step in steps_of(read_cell(cell, number=1), context):
                ran = reuse.run(executor, step, PARAMETERS)
        assert ran is not None
        frame = self.engine.spark().table("edited")
        rows = sorted(repr(tuple(row)) for row in frame.collect())
        return ran, (frame.dtypes, rows)


def test_pairs_of_edits(embedded_engine: Engine, tmp_path: Path) -> None:
    """Two hundred edits: each that changes nothing is a hit, none that changes something is; rows are always right."""
    found = pairs()
    assert len(found) >= 200
    session = Session(embedded_engine, tmp_path)
    wrong: list[str] = []
    first = {sql: session.run(sql)[1] for sql in dict.fromkeys(sql for sql, _, _ in found)}
    for sql, edited, same in found:
        expected = first[sql] if same else session.run(edited, cache=False)[1]
        ran, rows = session.run(edited)
        if bool(ran.said) != same or rows != expected:
            wrong.append(f"{sql!r} -> {edited!r}: {'hit' if ran.said else 'miss'}, rows equal: {rows == expected}")
        if not same:
            Checkpoints(session.plan.root).drop(str(ran.note["key"]))  # the same edit may be one of another statement
    assert wrong == []


@pytest.mark.parametrize("sql", EDITS["unrepeatable"])
def test_what_another_run_would_see_otherwise(sql: str) -> None:
    """Chance, and what depends on who asks, where and when, is never taken from another run."""
    assert chance(sql)


@pytest.mark.parametrize("sql", EDITS["repeatable"])
def test_what_only_looks_like_chance(sql: str) -> None:
    """Names and texts are no calls, and the clock is the run's time, which is in the key."""
    assert chance(sql) == ""


@pytest.mark.parametrize("call", ["read_files('/x')", "table_changes('t', 1)", "my.function(1)"])
def test_functions_that_may_read_anything(call: str) -> None:
    """A function in place of a table is not known to read nothing."""
    context = Context(settings=RunSettings(environment="test"))
    (step,) = steps_of(read_cell(f"%sql name=x environments=test outputView=x\nSELECT * FROM {call}"), context)
    assert touch_of(step.stage, "embedded", lambda name: False, lambda name: None).unknown
