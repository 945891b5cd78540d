"""Schema documents: which are accepted, and what is said about the others."""

import pytest

from arcbook.cells.bind import Scope, bind
from arcbook.cells.hocon import read_objects
from arcbook.schemas.read import SchemaError, document_of, parse_schema
from arcbook.schemas.regexes import common_dialect
from tests.typing import vectors

CASES = vectors.document()["schema_cases"]
#: Where arcbook means to differ from Arc.
DIFFERENT = {
    "schema-033": "epoch patterns are accepted, as Arc's documentation promises",
    "schema-041": "a misspelt attribute would change values in silence, so it is refused",
}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=pytest.mark.xfail(strict=True, reason=DIFFERENT[case["id"]]))
        if case["id"] in DIFFERENT
        else case
        for case in CASES
    ],
    ids=[case["id"] for case in CASES],
)
def test_a_document_is_judged_as_by_arc(case: vectors.Case) -> None:
    """Valid documents read back from their own writing; invalid ones say what Arc says."""
    if "schema_text" in case:
        tree = read_objects(case["schema_text"])[0]
        value = bind(tree, Scope(tree.value)).value
    else:
        value = case["schema"]
    if case["valid"]:
        schema = parse_schema(value)
        assert parse_schema(document_of(schema)).columns == schema.columns
    else:
        with pytest.raises(SchemaError) as raised:
            parse_schema(value)
        assert case["expected_error_contains"] in str(raised.value)


def test_all_problems_come_at_once_with_their_paths() -> None:
    """Nothing stops at the first problem, and each says where it is."""
    with pytest.raises(SchemaError) as raised:
        parse_schema(
            [
                {"name": "a", "type": "integer"},
                {"type": "date", "nullable": True, "formatters": ["uuuu-MM-dd", 5]},
                {"name": "c", "type": "struct", "nullable": True, "fields": [{"name": "d", "nullable": "maybe"}]},
                "no column",
            ]
        )
    assert [path for path, _ in raised.value] == [
        (0, "nullable"),
        (1, "name"),
        (2, "fields", 0, "type"),
        (2, "fields", 0, "nullable"),
        (3,),
    ]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ({"type": "date", "formatters": ["YYYY-ww"]}, "'YYYY' cannot be compiled"),
        ({"type": "date", "formatters": ["dMuuuu"]}, "'d' runs into 'M'"),
        ({"type": "date", "formatters": ["uuuu-MM-dd'T"]}, "incomplete string literal"),
        ({"type": "date", "formatters": ["uuuu-MM-dd]"]}, "without previous ["),
        ({"type": "date", "formatters": ["uuuu-MM-dd D"]}, "keep one of them"),
        ({"type": "integer", "formatters": ["¤#,##0"]}, "currency sign"),
        ({"type": "integer", "formatters": ["0.0.0"]}, "Malformed pattern"),
        ({"type": "decimal", "precision": 39, "scale": 2}, "'precision' 39 must be at most 38."),
        ({"type": "decimal", "precision": 3, "scale": 5}, "'scale' 5 must be at most 'precision' 3."),
        ({"type": "string", "regex": "(a"}, "Unclosed group"),
        ({"type": "timestamp", "formatters": ["uuuu"], "timezoneId": "UTC", "time": {"hour": 24, "minute": 0,
          "second": 0, "nano": 0}}, "'hour' 24 must be at most 23."),
        ({"type": "decimal", "precision": float("inf"), "scale": 2}, "Wrong type, expected: 'int'."),
        ({"type": ["integer"]}, "Valid values are ['boolean',"),
    ],
)  # fmt: skip
def test_what_cannot_be_compiled_is_refused(column: vectors.Case, said: str) -> None:
    """Never a wrong value: the schema is refused, with the reason."""
    with pytest.raises(SchemaError) as raised:
        parse_schema([{"name": "a", "nullable": True, **column}])
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("java", "common"),
    [
        (r"\d.", r"[0-9][^\n\r\x{85}\x{2028}\x{2029}]"),
        (r"[\d.]", r"[0-9.]"),
        (r"[\[]\d", r"[\[][0-9]"),
        (r"[^\[]\d", r"[^\[][0-9]"),
        (r"[]\d]\d", r"[]0-9][0-9]"),
        (r"[^]\d]\d", r"[^]0-9][0-9]"),
        (r"\[\d]\d", r"\[[0-9]][0-9]"),
    ],
)
def test_patterns_are_translated_inside_and_outside_classes(java: str, common: str) -> None:
    """A class ends where Java ends it: a `]` is a member only directly behind the opening."""
    assert common_dialect(java) == common


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ({"type": "integer", "primaryKey": True}, "Attribute 'primaryKey' has no meaning"),
        ({"type": "date", "formatters": ["yyyy-MM-dd"]}, "write 'u' to refuse them"),
        ({"type": "date", "formatters": ["uuuu-MM"]}, "does not say a day"),
        ({"type": "time", "formatters": ["bb:bb"]}, "every value will fail"),
        ({"type": "timestamp", "formatters": ["uuuu-MM-dd HH"], "timezoneId": "Nope/Zone"}, "no time zone"),
    ],
)
def test_what_is_doubtful_is_warned_about(column: vectors.Case, said: str) -> None:
    """Arc accepts these without a word."""
    schema = parse_schema([{"name": "a", "nullable": True, **column}])
    assert [message for _, message in schema.warnings if said in message]


def test_columns_know_their_type_and_metadata() -> None:
    """What extracts need for an empty view."""
    schema = parse_schema(
        [
            {"id": "7", "name": "a`b", "description": "d", "type": "decimal", "precision": 10, "scale": 2,
             "nullable": True, "metadata": {"pii": True, "gone": None}},
            {"name": "c", "type": "array", "nullable": False,
             "elementType": {"name": "e", "type": "struct", "nullable": True,
                             "fields": [{"name": "f", "type": "time", "nullable": True, "formatters": ["HH"]}]}},
        ]
    )  # fmt: skip
    assert schema.ddl == "`a``b` DECIMAL(10,2), `c` ARRAY<STRUCT<`f`: STRING>>"
    assert schema.columns[0].field_metadata == {
        "nullable": True, "internal": False, "pii": True, "id": "7", "description": "d",
    }  # fmt: skip
