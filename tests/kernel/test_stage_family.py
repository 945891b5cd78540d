"""Form, over all stage types: documentation, example, keys, runner, cases, page."""

import inspect
import itertools
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcbook.cells.check import examine
from arcbook.cells.describe import key_rows, summary
from arcbook.cells.hocon import read_objects
from arcbook.cells.pages import render_stage, render_stage_table
from arcbook.core.capabilities import CAPABILITIES
from arcbook.core.settings import RunSettings
from arcbook.runners.base import load_runners, run
from arcbook.stages.base import Stage
from arcbook.stages.registry import stage_types
from tests.kernel.cases import FOLDER

#: A declaration with its documentation, and a runner, stay below these (docs/design.md).
DECLARATION_LINES = 80
RUNNER_LINES = 120

#: Cases of these types are elsewhere.
ELSEWHERE = {"TypingTransform": "tests/typing"}

every_type = pytest.mark.parametrize("declared", stage_types().values(), ids=list(stage_types()))


@every_type
def test_documentation_begins_with_one_sentence(declared: type[Stage]) -> None:
    """The first line is a summary that stands alone; more follows."""
    text = inspect.getdoc(declared) or ""
    assert 20 <= len(summary(declared)) <= 110
    assert summary(declared).endswith(".")
    assert len(text.splitlines()) > 2
    assert text != inspect.getdoc(Stage)


@every_type
def test_example_checks_clean(declared: type[Stage]) -> None:
    """The example is one sound cell of that type."""
    (tree,) = read_objects(declared.example)
    assert tree.value["type"] == declared.type_name()
    assert examine(tree, settings=RunSettings(), source=declared.example).problems == ()


#: Values that fit hardly any key.
ODD: tuple[Any, ...] = (
    [], ["a"], [["a"]], [{"name": ["x"], "type": ["x"]}], {}, {"method": ["a"]}, float("inf"), 10**400, -1, True, "",
    "+-3",
)  # fmt: skip


@every_type
def test_no_value_of_a_key_crashes_the_check(declared: type[Stage]) -> None:
    """Whatever stands at a key, also at one that the type lacks, is a problem or a value."""
    (tree,) = read_objects(declared.example)
    for key, odd in itertools.product([*declared.keys(), "sql", "schema", "authentication", "type"], ODD):
        examine(tree.with_value({**tree.value, key: odd}), settings=RunSettings(), fetch=lambda uri: "")


@every_type
def test_every_key_is_described(declared: type[Stage]) -> None:
    """No key is left to guessing."""
    assert [row.key for row in key_rows(declared) if not row.description.endswith((".", ";"))] == []


@every_type
def test_a_runner_is_registered(declared: type[Stage]) -> None:
    """What is declared can run; a stage that others take the place of never does."""
    load_runners()
    assert declared.expands or run.dispatch(declared) is not run.dispatch(object)


@every_type
def test_needs_are_known_capabilities(declared: type[Stage]) -> None:
    """A need that no engine knows would never be met."""
    assert declared.needs <= set(CAPABILITIES)


@every_type
def test_there_are_cases(declared: type[Stage]) -> None:
    """At least one good cell, one bad one, and one that runs."""
    if declared.type_name() in ELSEWHERE:
        assert (FOLDER.parents[2] / ELSEWHERE[declared.type_name()]).is_dir()
        return
    document = yaml.safe_load((FOLDER / f"{declared.type_name()}.yml").read_text(encoding="utf-8"))
    assert set(document) == {"good", "bad", "run"}
    assert all(document.values())


def test_cases_belong_to_a_type() -> None:
    """A file of cases without its stage type would test nothing."""
    assert {path.stem for path in FOLDER.glob("*.yml")} <= set(stage_types())


@every_type
def test_page(declared: type[Stage]) -> None:
    """The page has the summary, the example and every key."""
    page = render_stage(declared)
    assert page.startswith(f"# {declared.type_name()}\n")
    assert declared.example.strip() in page
    assert [key for key in declared.keys() if f"| `{key}` |" not in page] == []  # noqa: SIM118  # a method of ours
    assert f"[{declared.type_name()}]({declared.type_name()}.md)" in render_stage_table()


@every_type
def test_declaration_and_runner_are_small(declared: type[Stage]) -> None:
    """One file per type, at the same path below `stages` and `runners`."""
    load_runners()
    declaration = Path(inspect.getfile(declared))
    assert len(declaration.read_text(encoding="utf-8").splitlines()) <= DECLARATION_LINES
    if declared.expands:
        return
    runner = Path(inspect.getfile(run.dispatch(declared)))
    assert len(runner.read_text(encoding="utf-8").splitlines()) <= RUNNER_LINES
    assert declaration.parts[-2:] == runner.parts[-2:]
