"""The page on parameters says what is so: its declarations, answers, commands and tables are run."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from arcbook.cells.magics import read_cell
from arcbook.cells.parameter_types import KINDS
from arcbook.cells.params import Declarations, read_declarations
from arcbook.core.failures import CellError
from arcbook.core.launch import OPTIONS, settings_from

PAGE = (Path(__file__).parents[1] / "docs" / "parameters.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent


def blocks() -> list[str]:
    """The indented blocks of the page."""
    found = re.findall(r"(?m)(?:^    .*\n|^\n(?=    ))+", PAGE)
    return [re.sub(r"(?m)^    ", "", block).strip("\n") for block in found]


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under that first column's heading, without their backquotes at the ends."""
    table = PAGE.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table]


def code(cell: str) -> str:
    """A cell without backquotes."""
    return cell.removeprefix("`").removesuffix("`")


def declared(text: str) -> Declarations:
    """The declarations of a `%params` cell."""
    return read_declarations(read_cell(text))


COMMANDS = [block for block in blocks() if block.startswith("$ ")]


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """The notebook of the page: its declarations and its statement."""
    sources = [block for block in blocks() if block.startswith("%")]
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"c{number}", "metadata": {"tags": ["parameters"] if number == 0 else []},
         "source": source, "outputs": [], "execution_count": None}
        for number, source in enumerate(sources)
    ]  # fmt: skip
    kernel = {"name": "arc", "display_name": "Arc", "language": "arc"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path = tmp_path / "job.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


@pytest.mark.parametrize("block", COMMANDS, ids=lambda block: block.splitlines()[0])
def test_commands_print_what_the_page_shows(block: str, job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line of the block, in its order."""
    monkeypatch.setenv("API_KEY", "swordfish-of-the-docs")
    command, *expected = block.splitlines()
    program, *arguments = shlex.split(command.removeprefix("$ "))
    done = subprocess.run(
        [str(BIN / program), *arguments], cwd=job.parent, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    position = 0
    for line in expected:
        found = done.stdout.find(line, position)
        assert found >= 0, f"{line!r} is not in:\n{done.stdout}"
        position = found + len(line)


def test_the_pages_job_gives_typed_values(job: Path) -> None:
    """What its statement asks comes back in the executed notebook."""
    command = "run job.ipynb --environment test --run-date 2026-11-23 --code 012 --output out.ipynb"
    done = subprocess.run(
        [str(BIN / "arcbook"), *shlex.split(command)], cwd=job.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    shown = (job.parent / "out.ipynb").read_text(encoding="utf-8")
    assert re.search(r"decimal\(5,2\) +012 +true +false +true", shown)


def test_answers_to_values_that_do_not_fit() -> None:
    """The table of refusals."""
    table = rows("declaration")
    assert len(table) > 5
    for declaration, given, answer in table:
        (name,) = (declarations := declared(f"%params\n{code(declaration)}")).by_name
        with pytest.raises(CellError) as caught:
            declarations.bind({name: code(given)})
        (problem,) = caught.value.problems
        assert answer in problem.message
        assert problem.remedy


def test_every_type_with_its_values_and_its_sql() -> None:
    """The table of types: each example fits, and the type in SQL is the one that is said."""
    named = set()
    for type_, values, sql in rows("type"):
        text = code(type_).replace("(p,s)", "(5,2)").replace("[T]", "[string]")
        (declaration,) = declared(f"%params\np: {text}")
        named.add(declaration.type.kind)
        assert declaration.type.sql.startswith(sql.replace("(p,s)", "(5,2)").replace("<T>", "<STRING>"))
        for example in re.findall(r"`([^`]+)`", values.partition(";")[0]):
            if not declaration.type.choices:
                declaration.read(example)
    assert named == set(KINDS)


def test_the_table_of_options() -> None:
    """Every option with its variable and its default."""
    table = rows("argument")
    assert [code(row[0]) for row in table] == [option.argument for option in OPTIONS]
    default = settings_from([], {})
    for (_, variables, _, shown), option in zip(table, OPTIONS, strict=True):
        assert re.findall(r"`(\w+)`", variables) == [each for each in (option.variable, option.kernel_variable) if each]
        if shown:
            read = settings_from({option.argument: code(shown)}, {})
            assert getattr(read, option.field) == getattr(default, option.field)
        else:
            assert not getattr(default, option.field)
