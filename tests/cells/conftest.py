"""Case files: a test with an argument `<name>_case` runs once for each case of data/<name>.yaml."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcbook.core.problem import Problem

DATA = Path(__file__).parent / "data"

Compare = Callable[[Iterable[Problem], list[dict[str, Any]]], None]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrise tests by the cases of their file."""
    for name in metafunc.fixturenames:
        if name.endswith("_case"):
            cases = yaml.safe_load((DATA / f"{name.removesuffix('_case')}.yaml").read_text(encoding="utf-8"))
            metafunc.parametrize(name, cases, ids=[case["name"] for case in cases])


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of case files and fixtures."""
    return DATA


@pytest.fixture(scope="session")
def compare() -> Compare:
    """Compares problems with expectations."""
    return _compare


def _compare(problems: Iterable[Problem], expected: list[dict[str, Any]]) -> None:
    """Every expected problem is there, in its order, and no other; `message` and `remedy` are parts of the texts."""
    found = list(problems)
    shown = "\n".join(map(str, found))
    assert [problem.code for problem in found] == [each["code"] for each in expected], shown
    for problem, wanted in zip(found, expected, strict=True):
        values = problem.to_dict()
        for key in set(wanted) - {"message", "remedy"}:
            assert values[key] == wanted[key], f"{key} of:\n{problem}"
        assert wanted.get("message", "") in problem.message, shown
        assert wanted.get("remedy", "") in problem.remedy, shown
