"""Reading a test file: YAML whose values keep the text they were written with, and whose faults have a place."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from arcbook.core.failures import FAILURES, CellError
from arcbook.core.problem import Problem
from arcbook.core.span import Span
from arcbook.core.translate import translating

#: How a test file's name ends: `orders.test.yaml` tests `orders.ipynb`, `orders.json` or `orders.conf` beside it.
SUFFIX = ".test.yaml"
_JOB_ENDINGS = (".ipynb", ".json", ".conf")

Path_ = tuple[str | int, ...]


class Plain(str):
    """A value as it was written, with what YAML takes it for (`int`, `float`, `bool`, `timestamp`, `str`)."""

    __slots__ = ("kind",)
    kind: str


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rows(_Model):
    """Rows of a view: in the file, or in a CSV file beside it. `columns` gives their types as SQL writes them."""

    columns: dict[str, str] = {}
    rows: tuple[dict[str, Any], ...] | None = None
    csv: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> "Rows":
        if self.rows is not None and self.csv is not None:
            raise ValueError("give `rows` or `csv`, not both")
        return self


class Expected(Rows):
    """What a view must hold: exactly these rows (in any order unless `ordered`), so many rows, or these columns."""

    count: Annotated[int, Field(ge=0)] | None = None
    ordered: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> "Expected":
        if self.rows is None and self.csv is None and self.count is None and not self.columns:
            raise ValueError("expect something: `rows`, `csv`, `count` or `columns`")
        return self


class Failing(_Model):
    """The failure that the job must end in: its class, and a part of its message."""

    failure: Literal[tuple(FAILURES)]  # type: ignore[valid-type]  # the table's names are not known to the type checker
    message: str = ""


def _as_rows(value: Any) -> Any:
    """A list stands for `rows`, a text for `csv`."""
    if isinstance(value, list):
        return {"rows": value}
    return {"csv": value} if isinstance(value, str) else value


Given = Annotated[Rows, BeforeValidator(_as_rows)]
Expectation = Annotated[Expected, BeforeValidator(_as_rows)]


class Case(_Model):
    """One test: views that are given instead of made, parameters, and what must come of it."""

    name: str
    environment: str | None = None
    parameters: dict[str, Any] = {}
    logical_time: str | None = None
    given: dict[str, Given] = {}
    expect: dict[str, Expectation] = {}
    fails: Failing | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Case":
        if not self.expect and self.fails is None:
            raise ValueError("a test needs `expect` or `fails`")
        return self


class _File(_Model):
    notebook: str | None = None
    environment: str | None = None
    tests: tuple[Case, ...]

    @model_validator(mode="after")
    def _says_something(self) -> "_File":
        if not self.tests:
            raise ValueError("`tests` is empty")
        return self


class TestFile:
    """A test file that was read: the job it tests, its cases, and where everything in it stands."""

    __test__ = False  # pytest would take the name for a class of tests

    def __init__(self, path: Path, content: _File, places: Mapping[Path_, Span]) -> None:
        self.path = path
        #: Resolved at once: a test runs in the folder of its job, where a relative path leads elsewhere.
        self.folder = path.resolve().parent
        self.cases = content.tests
        self._content = content
        self._places = places

    @property
    def notebook(self) -> str:
        """The address of the job: what `notebook` says, or the job of the same name beside the file."""
        stem = self.path.name.removesuffix(SUFFIX)
        named = self._content.notebook
        beside = [self.folder / name for name in ((named,) if named else (stem + each for each in _JOB_ENDINGS))]
        return str(next((path for path in beside if path.exists()), beside[0]))

    def environment(self, case: Case) -> str | None:
        """The environment that a case runs in."""
        return case.environment or self._content.environment

    def span(self, case: int, *path: str | int) -> Span:
        """Where something of the case with that position stands, or its nearest ancestor."""
        wanted: Path_ = ("tests", case, *path)
        while wanted and wanted not in self._places:
            wanted = wanted[:-1]
        return self._places.get(wanted, Span(1, 1, 1, 2, origin=str(self.path)))


def read_test_file(path: Path) -> TestFile:
    """The test file at `path`.

    Raises:
        CellError: it is no YAML, or says what no test file says; all faults at once, each at its place.
        InputError: it cannot be read.
    """
    with translating(f"cannot read {path}"):
        text = path.read_text(encoding="utf-8")
    origin = str(path)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        span = Span(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2, origin=origin) if mark else None
        raise CellError([_fault(f"the file is no YAML: {error.problem}", span)]) from None
    places: dict[Path_, Span] = {}
    content = _plain(node, (), places, origin) if node is not None else None
    try:
        return TestFile(path, _File.model_validate(content), places)
    except ValidationError as failure:
        raise CellError([_problem(dict(error), places) for error in failure.errors(include_url=False)]) from None


def _plain(node: yaml.Node, path: Path_, places: dict[Path_, Span], origin: str) -> Any:
    start, end = node.start_mark, node.end_mark
    places[path] = Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1, origin=origin)
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key, value in node.value:
            if key.value in found:
                mark = key.start_mark
                span = Span(mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 2, origin=origin)
                raise CellError([_fault(f"`{key.value}` stands here a second time", span)])
            found[key.value] = _plain(value, (*path, key.value), places, origin)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, index), places, origin) for index, item in enumerate(node.value)]
    kind = node.tag.rpartition(":")[2]
    if kind == "null":
        return None
    value = Plain(node.value)
    value.kind = kind
    return value


def _problem(error: Mapping[str, Any], places: Mapping[Path_, Span]) -> Problem:
    path = tuple(error["loc"])
    key = ".".join(map(str, path))
    while path and path not in places:
        path = path[:-1]
    if error["type"] == "extra_forbidden":
        return _fault(f"a test file knows no `{key}`", places.get(path), key)
    if error["type"] == "missing":
        return _fault(f"`{key}` is missing", places.get(path), key)
    return _fault(f"`{key}`: {error['msg'].removeprefix('Value error, ')}", places.get(path), key)


def _fault(message: str, span: Span | None, key: str = "") -> Problem:
    return Problem("test-file", message, span, key, "The page on tests lists what a test file may say.")
