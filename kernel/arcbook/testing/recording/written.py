"""A recorded case as text, and adding it to a test file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from arcbook.core.addresses import replace_file
from arcbook.core.failures import DefinitionError
from arcbook.testing.document import read_test_file
from arcbook.testing.recording.trial import Given, text_of

_WIDTH = 10_000


class _Bare(str):
    """Text that is written without quotes where YAML takes it for a number or a day, not for text."""

    __slots__ = ()


class _Flow(dict[str, Any]):
    """An object that is written in one line."""


class _Dumper(yaml.SafeDumper):
    """Rows in one line each, everything else in lines of its own."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)


def _one_line(dumper: yaml.SafeDumper, value: _Flow) -> yaml.Node:
    return dumper.represent_mapping("tag:yaml.org,2002:map", dict(value), flow_style=True)


def _bare(dumper: yaml.SafeDumper, text: _Bare) -> yaml.Node:
    tag = dumper.resolve(yaml.ScalarNode, str(text), (True, False))  # type: ignore[no-untyped-call]
    return dumper.represent_scalar(tag, str(text))


_Dumper.add_representer(_Flow, _one_line)
_Dumper.add_representer(_Bare, _bare)


def rows_value(given: Given) -> dict[str, Any]:
    """The rows of a view as a test file has them: types, and a line for each row without what is null."""
    rows = [
        _Flow({name: _spelt(value, text_of(value)) for name, value in row.items() if value is not None})
        for row in given.rows
    ]
    return {"columns": _Flow(given.types), "rows": rows}


def _spelt(value: Any, text: Any) -> Any:
    """What stands for a value that is no text itself, without quotes."""
    if isinstance(text, str):
        return text if isinstance(value, str | bytes | bytearray) else _Bare(text)
    if isinstance(text, list):
        return [_spelt(one, other) for one, other in zip(value, text, strict=True)]
    if isinstance(text, Mapping):
        pairs = zip(value.values(), text.items(), strict=True)
        return _Flow({name: _spelt(one, other) for one, (name, other) in pairs})
    return text


def case_text(case: Mapping[str, Any], comments: Sequence[str]) -> str:
    """A case as an item of the list `tests`, indented by two blanks."""
    text = yaml.dump([dict(case)], Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    lines = [*(f"# {comment}" for comment in comments), *text.rstrip("\n").splitlines()]
    # PyYAML indents the items of a list at the top by two already.
    shift = "" if text.startswith("  ") else "  "
    return "".join(f"{'  ' if line.startswith('#') else shift}{line}\n" for line in lines)


def add_case(path: Path, case: str, *, notebook: str, environment: str | None) -> str | None:
    """Add a case to the file, which is made when there is none; what the file held before.

    Raises:
        DefinitionError: the file's list of tests is not at its end, or is written in one line.
        CellError: the file is no test file.
    """
    if not path.exists():
        head = f"notebook: {_scalar(notebook)}\n" + (f"environment: {_scalar(environment)}\n" if environment else "")
        replace_file(path, f"{head}tests:\n{case}".encode())
        return None
    read_test_file(path)
    before = path.read_text(encoding="utf-8")
    root = yaml.compose(before, Loader=yaml.SafeLoader)
    assert isinstance(root, yaml.MappingNode)
    key, tests = root.value[-1]
    if key.value != "tests" or tests.flow_style:
        raise DefinitionError(f"{path}: a test can be added where `tests` is the last key and has a line for each `-`.")
    indent = tests.start_mark.column
    moved = "".join(f"{' ' * indent}{line[2:]}\n" for line in case.splitlines())
    replace_file(path, f"{before.rstrip()}\n\n{moved}".encode())
    return before


def _scalar(text: str) -> str:
    return yaml.safe_dump(text, width=_WIDTH, allow_unicode=True).removesuffix("...\n").strip()
