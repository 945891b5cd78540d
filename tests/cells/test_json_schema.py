"""The JSON Schema for editors: it takes what `check` takes, and refuses what it can know to be wrong."""

import itertools
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from arcbook.cells.authentication import ENCRYPTION, METHODS
from arcbook.cells.bind import has_placeholders
from arcbook.cells.check import examine
from arcbook.cells.export import job_file
from arcbook.cells.hocon import read_objects
from arcbook.cells.json_schema import cell_schema, job_schema, stage_schema
from arcbook.cells.layout import read_layout
from arcbook.core.settings import RunSettings
from arcbook.stages.base import Stage
from arcbook.stages.registry import stage_types
from tests.cells.test_convert import NOTEBOOKS, read
from tests.kernel.cases import Case, cases
from tests.typing import vectors

#: Findings that no schema can have: they take a parser of SQL or another document.
UNKNOWABLE = {"sql-syntax", "sql-parameter", "missing-document", "unsafe-substitution", "unrepeatable", "capability"}

every_type = pytest.mark.parametrize("declared", stage_types().values(), ids=list(stage_types()))


@cache
def validator(name: str = "") -> Draft202012Validator:
    """The validator of a stage type, of cells, or of job files."""
    if name == "cell":
        return Draft202012Validator(cell_schema())
    return Draft202012Validator(stage_schema(stage_types()[name]) if name else job_schema())


def faults(value: Any, name: str = "") -> list[str]:
    """What the schema has against a value."""
    return [f"{error.json_path}: {error.message}" for error in validator(name).iter_errors(value)]


def stages(text: str) -> list[dict[str, Any]]:
    """The stages of a cell that JSON can say: not those with values yet to be filled in."""
    return [tree.value for tree in read_objects(text) if not has_placeholders(tree.value)]


@every_type
def test_examples_are_valid(declared: type[Stage]) -> None:
    """As a stage, in a cell, in a job, with the full name of Arc's class and a version."""
    (example,) = stages(declared.example)
    assert faults(example, declared.type_name()) == []
    assert faults(example, "cell") == faults([example, example], "cell") == []
    assert faults({"stages": [example], "common": {"free": 1}}) == []
    assert faults({"stages": [{**example, "type": f"ai.tripl.arc.{declared.type_name()}:1.2"}]}) == []


@pytest.mark.parametrize("case", cases("good"), ids=str)
def test_good_cells_are_valid(case: Case) -> None:
    """What checks clean has no fault in an editor."""
    assert faults({"stages": stages(case.data["cell"])}) == []


@pytest.mark.parametrize("case", cases("bad"), ids=str)
def test_bad_cells_are_not(case: Case) -> None:
    """An editor underlines what a schema can know, and nothing else."""
    known = [problem for problem in case.data["problems"] if problem["code"] not in UNKNOWABLE]
    assert bool(faults({"stages": stages(case.data["cell"])})) == bool(known)


#: Values that fit hardly any key; booleans are no text for editors.
ODD: tuple[Any, ...] = (
    [], ["a"], [["a"]], [1], {}, {"method": "AmazonIAM"}, {"a": {"b": 1}}, None, -1, 0, 1, 2.5, "", "3", "yes", "a b",
)  # fmt: skip


@every_type
def test_what_the_check_takes_is_valid(declared: type[Stage]) -> None:
    """No key has a value that `check` accepts and an editor refuses."""
    (tree,) = read_objects(declared.example)
    for key, odd in itertools.product(declared.keys(), ODD):
        value = {**tree.value, key: odd}
        found = examine(tree.with_value(value), settings=RunSettings(), fetch=lambda uri: "SELECT 1")
        if all(problem.code in UNKNOWABLE for problem in found.problems):
            assert faults(value, declared.type_name()) == [], f"{key}: {odd}"


COLUMNS = {
    case["id"]: case["schema"]["schema"] if isinstance(case["schema"], dict) else case["schema"]
    for case in vectors.document()["schema_cases"]
    if case["valid"] and "schema" in case
}


@pytest.mark.parametrize("columns", COLUMNS.values(), ids=list(COLUMNS))
def test_columns_of_valid_schemas(columns: list[dict[str, Any]]) -> None:
    """The typing schemas that Arc takes are valid."""
    (stage,) = stages(stage_types()["TypingTransform"].example)
    assert faults({**stage, "schema": columns}, "TypingTransform") == []


@pytest.mark.parametrize(
    "column",
    [
        {"name": "a", "type": "integer"},
        {"name": "a", "type": "int", "nullable": True},
        {"type": "integer", "nullable": True},
        {"name": "a", "type": "decimal", "nullable": True, "precision": 39, "scale": 2},
        {"name": "a", "type": "date", "nullable": True, "formatters": "uuuu"},
        {"name": "a", "type": "binary", "nullable": True, "encoding": "hex"},
        {"name": "a", "type": "struct", "nullable": True, "fields": []},
        {"name": "a", "type": "struct", "nullable": True, "fields": [{"name": "b", "nullable": True}]},
        {"name": "a", "type": "array", "nullable": True, "elementType": {"name": "b", "type": "x", "nullable": True}},
    ],
    ids=str,
)
def test_columns_that_are_wrong(column: dict[str, Any]) -> None:
    """Types, limits and required attributes of columns are known, nested ones too."""
    (stage,) = stages(stage_types()["TypingTransform"].example)
    assert faults({**stage, "schema": [column]}, "TypingTransform")


def test_authentication() -> None:
    """Each method needs its keys, encryption those of its way, and an empty object means none."""
    (stage,) = stages(stage_types()["ParquetLoad"].example)

    def sound(value: Any) -> bool:
        tree = read_objects("{}")[0].with_value({**stage, "authentication": value})
        valid = not faults(tree.value, "ParquetLoad")
        assert valid == (examine(tree, settings=RunSettings()).problems == ()), value
        return valid

    assert sound({})
    assert not sound({"accountName": "a"})
    assert not sound({"method": "None"})
    for method, keys in METHODS.items():
        given = {"method": method, **dict.fromkeys(keys, "x")}
        assert sound(given)
        assert not any(sound({**given, key: None}) for key in keys)
        assert not any(sound({name: value for name, value in given.items() if name != key}) for key in keys)
    for name, keys in ENCRYPTION.items():
        given = {"method": "AmazonIAM", "encryptionAlgorithm": name, **dict.fromkeys(keys, "x")}
        assert sound(given)
        assert not any(sound({other: value for other, value in given.items() if other != key}) for key in keys)


@pytest.mark.parametrize(
    "job",
    [
        {}, [], {"stages": {}}, {"stages": [1]}, {"stages": [{"name": "n"}]}, {"stages": [{"type": "HTTPExtrct"}]},
        {"stages": [], "plugins": []}, {"stages": [], "plugins": {"udf": []}},
        {"stages": [], "plugins": {"config": {}}},
        {"stages": [], "plugins": {"lifecycle": [{"environments": ["test"]}]}},
        {"stages": [], "plugins": {"config": [{"type": "P", "environments": "test"}]}},
    ],
    ids=str,
)  # fmt: skip
def test_jobs_that_are_wrong(job: Any) -> None:
    """Stages of no known type, and lists that are none."""
    assert faults(job)


def test_plugins_are_valid() -> None:
    """With the keys of their type."""
    plugin = {
        "type": "DeltaPeriodDynamicConfigurationPlugin",
        "environments": ["test"],
        "returnName": "X",
        "lagDays": 1,
        "leadDays": 0,
        "formatter": "uuuu-MM-dd",
    }
    assert faults({"stages": [], "plugins": {"config": [plugin], "lifecycle": []}}) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_converted_notebooks_are_valid(path: Path) -> None:
    """Also what a file keeps of its notebook; stages with placeholders are no JSON."""
    (document,) = read_objects(job_file(read(path)))
    sound = [stage for stage in document.value["stages"] if not has_placeholders(stage)]
    assert sound
    assert faults({**document.value, "stages": sound}) == []


def test_cells_that_are_wrong(layout_case: dict[str, Any]) -> None:
    """What reading a file's `arcbook` finds, the schema finds too, but for numbers and the text of cells."""
    (document,) = read_objects(layout_case["file"].replace("${x}", "[]"))
    wrong = bool(read_layout(document, {"stages": 1})[1]) and "more stages" not in layout_case["name"]
    assert bool(faults({**document.value, "stages": []})) == wrong


def described(schema: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each property of each object within a schema, with its path."""
    if isinstance(schema, list):
        for number, item in enumerate(schema):
            yield from described(item, f"{path}.{number}")
    if not isinstance(schema, dict):
        return
    declares = (
        schema.get("type") == "object" or "type" in schema.get("required", ()) or "additionalProperties" in schema
    )
    for key, value in schema.items():
        if key == "properties" and declares and "if" not in path.split("."):
            yield from ((f"{path}.{name}", each) for name, each in value.items())
        if key not in ("default", "const", "enum"):
            yield from described(value, f"{path}.{key}")


def test_every_key_and_stage_is_described() -> None:
    """Hovering over a key, or a type, tells what it means."""
    schema = job_schema()
    found = list(described(schema))
    assert len(found) > 20 * len(stage_types())
    said = {path for path, value in found if "description" in value or {"const"} & value.keys()}
    assert [path for path, _ in found if path not in said and not path.endswith(".type")] == []
    assert all(schema["$defs"][name]["description"] for name in stage_types())
    types = schema["$defs"]["stage"]["properties"]["type"]["anyOf"]
    assert {each["const"] for each in types if each.get("description")} == set(stage_types())


@every_type
def test_defaults_and_choices_are_offered(declared: type[Stage]) -> None:
    """What may be left out says what holds then; what is one of a few words lists them."""
    schema = stage_schema(declared)
    for key, name in declared.keys().items():
        field = declared.model_fields[name]
        shown = schema["properties"][key]
        if not field.is_required() and isinstance(field.default, str | bool | int):
            assert shown["default"] == field.default
    assert schema["properties"]["resolution"]["enum"] == ["strict", "lazy", None]


def test_placeholders_within_quotes_are_text() -> None:
    """They are valid where text is; elsewhere they are as wrong as for the check."""
    stage = {
        "type": "SQLTransform",
        "name": "n ${x}",
        "outputView": "${v}",
        "sql": "SELECT ${c}",
        "sqlParams": {"c": "1"},
    }
    assert faults({**stage, "environments": ["${e}"]}, "SQLTransform") == []
    assert faults({**stage, "numPartitions": "${n}"}, "SQLTransform")


def test_alternatives_are_rules() -> None:
    """Of keys that say the same in different ways exactly one is valid; null is none."""
    stage = {"type": "SQLTransform", "name": "n", "outputView": "v"}
    assert faults(stage, "SQLTransform")
    assert faults({**stage, "sql": None}, "SQLTransform")
    assert faults({**stage, "sql": "SELECT 1", "inputURI": "a.sql"}, "SQLTransform")
    assert faults({**stage, "sql": "SELECT 1", "inputURI": None}, "SQLTransform") == []
    stage = {"type": "ParquetExtract", "name": "n", "inputURI": "a", "outputView": "v", "schemaURI": "s.json"}
    assert faults({**stage, "schemaView": None}, "ParquetExtract") == []
    assert faults({**stage, "schemaView": "s"}, "ParquetExtract")
