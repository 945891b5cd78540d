"""Parameters: declarations, values, secrets, what is derived."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from arcbook.cells.magics import read_cell
from arcbook.cells.model import Cell
from arcbook.cells.params import Declarations, is_assignments, read_assignments, read_declarations
from arcbook.cells.secrets import Secret
from arcbook.core.failures import AccessError, ArcbookError, CellError
from arcbook.core.masking import masker

Compare = Callable[..., None]

#: A type and texts that do not fit it.
BAD_VALUES: dict[str, list[Any]] = {
    "integer": ["", "x", "1.5", "2147483648", "-2147483649", "1e3", "0x1", "١٢", True, 1.5, [1], {"a": 1}],
    "long": ["9223372036854775808", "1.0", "1_000", "--1", False, 1e30, []],
    "decimal(5,2)": [
        "",
        "x",
        "1000",
        "0.001",
        "NaN",
        "Infinity",
        "1,5",
        "0x1",
        True,
        [1],
        float("nan"),
        99999,
        "1e-99999",
        "1e99999",
    ],
    "decimal": [123456789012345678901, "1e-19", "1" * 60],
    "decimal(38,38)": ["1", "0." + "1" * 39],
    "double": ["", "x", "nan", "inf", "-Infinity", "1,5", True, [], "1e999"],
    "boolean": ["", "x", "1", "0", "t", "yess", 1, 0, 1.0, [True]],
    "date": [
        "",
        "x",
        "2026-13-01",
        "2026-02-30",
        "23.11.2026",
        "20261123",
        "2026-1-1",
        "2026-11-23T00:00",
        20261123,
        True,
    ],
    "timestamp": ["", "x", "2026-11-23 25:00", "23/11/2026 08:00", "08:00", 0, 1.5, True, "2026-02-30T00:00"],
    "interval": ["", "x", "1", "1 fortnight", "P", "PT", "1 day 2", "day", 5, True, "P1Y", "999999999 weeks"],
    'enum("eu", "us")': ["", "EU", "eu ", "de", 1, True, ["eu"]],
    "uri": ["", " ", "://x", "a b://x", "s3://", "x\ny", 1, True, "s3://a b"],
    "list[integer]": ["[1,", "a", [1, "x"], 1, True, {"a": 1}, "[[1]]"],
    "string": [1, 1.5, True, ["a"], {"a": 1}],
    "secret": ["", 1, True, ["a"]],
}


def declared(lines: str) -> Declarations:
    """The declarations of a cell with these lines below `%params`."""
    return read_declarations(read_cell(f"%params\n{lines}"))


def test_parameters_by_cases(params_case: dict[str, Any], compare: Compare) -> None:
    """Lines and given values yield values, or all problems at once."""
    if "declaration_problems" in params_case:
        with pytest.raises(CellError) as caught:
            declared(params_case["lines"])
        expected = [{"code": "parameter-declaration", **each} for each in params_case["declaration_problems"]]
        compare(caught.value.problems, expected)
        return
    declarations = declared(params_case["lines"])
    if "problems" in params_case:
        with pytest.raises(CellError) as caught:
            declarations.bind(params_case["given"])
        compare(caught.value.problems, params_case["problems"])
    else:
        assert dict(declarations.bind(params_case.get("given", {})).text) == params_case["text"]


@pytest.mark.parametrize(
    ("type_", "value"),
    [pytest.param(type_, value, id=f"{type_}-{value!r}") for type_, values in BAD_VALUES.items() for value in values],
)
def test_bad_values_are_refused(type_: str, value: Any) -> None:
    """A value that does not fit is one problem, at the declaration, which never crashes."""
    with pytest.raises(CellError) as caught:
        declared(f"p: {type_}").bind({"p": value})
    (problem,) = caught.value.problems
    assert (problem.code, problem.key) == ("parameter-value", "p")


def test_python_types() -> None:
    """Typed values are those that Spark binds by value."""
    typed = declared(
        "d: decimal(5,2) = 0.5\nday: date = 2026-11-23\nt: timestamp = 2026-11-23T08:00:00+09:00\n"
        "naive: timestamp = 2026-11-23\niv: interval = PT90M\nl: list[decimal(3,1)] = [1.5, 2]\nb: boolean = off"
    ).bind({}).typed  # fmt: skip
    assert typed["d"] == Decimal("0.50")
    assert typed["day"] == date(2026, 11, 23)
    assert typed["t"] == datetime(2026, 11, 22, 23, tzinfo=UTC)
    assert typed["naive"] == datetime(2026, 11, 23, tzinfo=UTC)
    assert typed["iv"] == timedelta(minutes=90)
    assert typed["l"] == [Decimal("1.5"), Decimal("2.0")]
    assert typed["b"] is False


def test_floats_of_papermill_become_exact_decimals() -> None:
    """`-p rate 0.05` arrives as a binary float; the decimal is the one that was typed."""
    assert declared("rate: decimal(5,2)").bind({"rate": 0.05}).typed["rate"] == Decimal("0.05")


def test_injected_cells() -> None:
    """papermill's cell holds JSON literals and is told apart from declarations, tagged or not."""
    source = '%params\n# Parameters\na = "x"\nb = 1.10\nc = [1, "2"]\nd = null\ne = "007"'
    cell = read_cell(source)
    assert is_assignments(cell)
    assert not is_assignments(read_cell("%params\na: string = 1"))
    assert is_assignments(Cell("%params", magic="params", tags=("injected-parameters",)))
    assert read_assignments(cell) == {"a": "x", "b": 1.1, "c": [1, "2"], "d": None, "e": "007"}
    assert declared("b: decimal(9,2)").bind(read_assignments(read_cell("%params\nb = 1.10"))).text["b"] == "1.10"
    with pytest.raises(CellError) as caught:
        read_assignments(read_cell("%params\na = x\nb = 1 2"))
    assert [problem.span.line for problem in caught.value.problems if problem.span] == [2, 3]


def test_secrets_print_stars_and_are_fetched_when_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing reads a secret before it is asked for; then it is masked everywhere."""
    values = declared('key: secret = "env://ARCBOOK_TEST_KEY"').bind({})
    secret = values.typed["key"]
    assert isinstance(secret, Secret)
    assert (str(secret), f"{secret}", repr(secret)) == ("********", "********", "Secret('********')")
    assert values.secrets == {"key"}
    assert "key" not in values.public().text
    with pytest.raises(AccessError, match="ARCBOOK_TEST_KEY"):
        values.text["key"]
    monkeypatch.setenv("ARCBOOK_TEST_KEY", "hunter2-hunter2")
    assert values.text["key"] == "hunter2-hunter2"
    assert "hunter2" not in masker().mask("the key is hunter2-hunter2")


@pytest.mark.parametrize(
    ("code", "failure"), [("ThrottlingException", "transient"), ("ResourceNotFoundException", "access")]
)
def test_a_service_that_does_not_give_the_secret(code: str, failure: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service's answer decides, and the message names the address."""
    import boto3
    from botocore.exceptions import ClientError

    class Service:
        def get_secret_value(self, **request: str) -> None:
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetSecretValue")

    monkeypatch.setattr(boto3, "client", lambda name: Service())
    with pytest.raises(ArcbookError, match="cannot read the secret aws-secretsmanager://door") as caught:
        Secret("aws-secretsmanager://door").reveal()
    assert caught.value.failure_name == failure
    assert isinstance(caught.value.__cause__, ClientError)


def test_a_bad_secret_is_not_shown() -> None:
    """A value refused for a secret parameter does not appear in the message."""
    with pytest.raises(CellError) as caught:
        declared("key: secret").bind({"key": 123456789})
    assert "123456789" not in str(caught.value)


def test_merging_cells() -> None:
    """A cell may be run again; another declaration of the same name is a problem."""
    first = declared("a: string = x")
    assert list(first.merged(declared("a: string = x\nb: integer = 1")).by_name) == ["a", "b"]
    with pytest.raises(CellError, match="second time"):
        first.merged(declared("a: integer = 1"))


def test_json_schema_and_summary() -> None:
    """The declaration is the source of the schema and of a form's hints."""
    declarations = declared('day: date   # the day to load\nregion: enum("eu", "us") = "eu"\nn: integer = 3 (1..10)')
    schema = declarations.json_schema()
    assert schema["required"] == ["day"]
    assert schema["properties"]["region"] == {"type": "string", "enum": ["eu", "us"], "default": "eu"}
    assert schema["properties"]["n"] == {"type": "integer", "minimum": 1, "maximum": 10, "default": 3}
    assert schema["properties"]["day"]["description"] == "the day to load"
    assert next(each.summary() for each in declarations) == "date, required: the day to load"
