"""The files of a new stage type, as text."""

import re
from pathlib import Path

from arcbook.core.failures import DefinitionError
from arcbook.stages.registry import stage_types

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z][a-z0-9]+|[A-Z]+")
_KINDS = ("extract", "transform", "load", "execute", "validate")

_DECLARATION = '''"""{name}."""

from typing import ClassVar

from {package}.stages.base import {kind_class}
from {package}.stages.keys import {imports}


class {name}({kind_class}):
    """Say in one sentence what the stage does.

    Say why one wants it, what happens with empty or missing input, and what surprises.
    """

    example: ClassVar[str] = """
{{
  "type": "{name}",
  "name": "say what this is for",
  "environments": ["test"]{example}
}}
"""

{fields}'''

_RUNNER = '''"""{name}."""

from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from {package}.stages.{kind}.{module} import {name}


@run.register
def run_{function}(stage: {name}, session: Session) -> Result:
    """Say in one sentence what happens."""
    raise NotImplementedError
'''

_CASES = """good:
  - name: every key
    cell: |
      {{"type": "{name}", "name": "x", "environments": ["test"]{example}}}
bad:
  - name: an unknown key
    cell: |
      {{"type": "{name}", "name": "x"{example},
       "unknown": 1}}
    problems: [{{code: unknown-key, key: unknown, line: 2}}]
run:
  - name: the usual
    cell: |
      {{"type": "{name}", "name": "x"{example}}}
"""

#: Keys that stages of a kind nearly always have: field, type and value in the example.
_FIELDS = {
    "extract": (("input_uri", "Glob", "s3://bucket/in/*"), ("output_view", "OutputView", "rows")),
    "transform": (("input_view", "InputView", "rows"), ("output_view", "OutputView", "result")),
    "load": (("input_view", "InputView", "rows"), ("output_uri", "OutputURI", "s3://bucket/out")),
    "execute": (("sql", "Sql", "SELECT 1"),),
    "validate": (("sql", "Sql", "SELECT true"),),
}


def skeleton(name: str, kind: str | None, *, package: str, source: Path, cases: Path) -> dict[Path, str]:
    """Declaration, runner and cases of a new stage type by path.

    Raises:
        DefinitionError: the name is no class name or is taken, its kind cannot be told, or a file exists.
    """
    if not name.isidentifier() or not name[:1].isupper():
        raise DefinitionError(f"`{name}` is no name for a stage type: write it like XMLExtract.")
    if name in stage_types():
        raise DefinitionError(f"There is a stage type `{name}` already.")
    words = [word.lower() for word in _WORD.findall(name)]
    kind = kind or words[-1]
    if kind not in _KINDS:
        raise DefinitionError(f"The kind of `{name}` cannot be told from its name: give --kind {'|'.join(_KINDS)}.")
    rest = words[:-1] if words[-1] == kind and len(words) > 1 else words
    module = "_".join(rest)
    files = {
        source / package / "stages" / kind / f"{module}.py": _declaration(name, kind),
        source / package / "runners" / kind / f"{module}.py": _RUNNER.format(
            name=name, package=package, kind=kind, module=module, function="_".join(words)
        ),
        cases / f"{name}.yml": _CASES.format(name=name, example=_example(kind)),
    }
    for path in files:
        if path.exists():
            raise DefinitionError(f"{path} exists already.")
    return files


def _declaration(name: str, kind: str) -> str:
    fields = _FIELDS[kind]
    return _DECLARATION.format(
        name=name,
        package="arcbook",
        kind_class=f"{kind.capitalize()}Stage",
        imports=", ".join(sorted({key_type for _, key_type, _ in fields})),
        example=_example(kind, line="\n  "),
        fields="".join(f"    {field}: {key_type}\n" for field, key_type, _ in fields),
    )


def _example(kind: str, line: str = " ") -> str:
    from arcbook.stages.base import key_of

    return "".join(f',{line}"{key_of(field)}": "{value}"' for field, _, value in _FIELDS[kind])
