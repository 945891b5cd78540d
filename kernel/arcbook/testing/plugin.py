"""A pytest plug-in: `*.test.yaml` files are collected, each of their cases is a test."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from arcbook.engines.base import Engine
    from arcbook.testing.document import TestFile

_ENGINE = pytest.StashKey["Engine"]()
_SUFFIX = ".test.yaml"


class CaseFailed(Exception):  # noqa: N818  # what pytest shows is its text alone
    """A case was not as expected."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option `--arcbook-engine`."""
    parser.addoption(
        "--arcbook-engine",
        default=os.environ.get("ARCBOOK_ENGINE") or "embedded",
        help="The engine that tests of arcbook jobs run on: embedded (default) or local.",
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Files that are named as tests of jobs."""
    return _File.from_parent(parent, path=file_path) if file_path.name.endswith(_SUFFIX) else None


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the engine, if a test opened it."""
    engine = config.stash.get(_ENGINE, None)
    if engine is not None:
        engine.close()


class _File(pytest.File):
    def collect(self) -> Iterator[pytest.Item]:
        from arcbook.testing.document import read_test_file

        file = read_test_file(self.path)
        for index, case in enumerate(file.cases):
            yield _Item.from_parent(self, name=case.name, file=file, index=index)


class _Item(pytest.Item):
    def __init__(self, *, file: "TestFile", index: int, **rest: Any) -> None:
        super().__init__(**rest)
        self.file = file
        self.index = index

    def runtest(self) -> None:
        from arcbook.testing.run import run_case

        verdict = run_case(self.file, self.index, _engine(self.config))
        if verdict.faults:
            raise CaseFailed("\n".join(verdict.faults))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, CaseFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.file.span(self.index).line - 1, self.name


def _engine(config: pytest.Config) -> "Engine":
    """The one engine of this session, opened by the first test that needs it."""
    from arcbook.engines.open import open_engine

    if _ENGINE not in config.stash:
        config.stash[_ENGINE] = open_engine(config.getoption("--arcbook-engine"))
    return config.stash[_ENGINE]
