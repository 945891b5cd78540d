"""Text that would take the reader's stack, memory or time: a clear problem instead, at once."""

import tracemalloc
from pathlib import Path

import pytest

from arcbook.cells import fetch, lexer
from arcbook.cells.bind import MAX_EXPANSION, MAX_TEXT, Scope, bind, bind_known
from arcbook.cells.fetch import MAX_BYTES, fetch_text
from arcbook.cells.hocon import read_document, read_objects
from arcbook.cells.includes import MAX_CHARACTERS, MAX_INCLUDE_DEPTH, MAX_INCLUDES
from arcbook.cells.merge import MAX_LAYERS
from arcbook.cells.notebook import document_job, notebook_job
from arcbook.cells.parser import MAX_DEPTH
from arcbook.cells.plan import Context, check_job
from arcbook.core.failures import CellError, InputError
from arcbook.core.problem import Problem
from arcbook.core.settings import RunSettings


def problem_of(text: str, wanted: str = "${wanted}") -> Problem:
    """The one problem of binding a stage that refers to a document."""
    (stage,) = read_objects(f"{{ a: {wanted} }}")
    with pytest.raises(CellError) as caught:
        bind(stage, Scope(read_document(text).value))
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    "text",
    [
        '{"a": ' + "[" * 100_000,
        "a: " + "{b:" * 100_000,
        "a." * 100_000 + "b: 1",
        "x." * 60 + "y { " + "z." * 60 + "y: 1 }",
    ],
)
def test_deep_nesting_is_a_problem(text: str) -> None:
    """Nesting beyond the limit, by brackets or by dotted keys, is one problem at its place."""
    with pytest.raises(CellError, match=f"nested more than {MAX_DEPTH} deep"):
        read_document(text)


def test_what_is_just_not_too_deep_reads_and_binds() -> None:
    """The limit is one of the text: what reads can be bound."""
    text = "a: " + "[" * (MAX_DEPTH - 1) + "${x}" + "]" * (MAX_DEPTH - 1)
    tree = read_document(text)
    assert str(bind(tree, Scope({"x": 1})).value).count("[") == MAX_DEPTH - 1


def test_a_key_written_again_and_again() -> None:
    """Each reference to the value before is a step; too many of them are a problem where they begin to be."""
    line = 'path: ${path}":/x"\n'
    with pytest.raises(CellError, match=f"more than {MAX_LAYERS} times") as caught:
        read_document("path: a\n" + line * 10_000)
    span = caught.value.problems[0].span
    assert span is not None
    assert (span.line, span.column) == (MAX_LAYERS + 2, 1)


def test_layers_up_to_the_limit_are_bound() -> None:
    """What the limit allows can be bound from another stage."""
    (stage,) = read_objects("{ a: ${path} }")
    document = read_document("path: a\n" + 'path: ${path}":x"\n' * MAX_LAYERS)
    assert bind(stage, Scope(document.value)).value == {"a": "a" + ":x" * MAX_LAYERS}


def test_appending_has_no_limit() -> None:
    """`+=` adds to one list, however often it stands there, also behind a substitution."""
    tree = read_document("l: ${x}\n" + "l += 1\n" * 5_000 + "k += 2\n" * 5_000)
    bound = bind(tree, Scope({"x": [0]})).value
    assert bound == {"l": [0] + [1] * 5_000, "k": [2] * 5_000}


@pytest.mark.parametrize(
    ("first", "step"),
    [("xxxxxxxxxx", "${%s}${%s}"), ("[1, 2]", "${%s} ${%s}"), ("1", "{ a: ${%s}, b: ${%s} }"), ("1", "[${%s}, ${%s}]")],
)
def test_values_that_double_with_each_reference(first: str, step: str) -> None:
    """Sixty doublings would fill any memory; they end at a limit."""
    lines = [f"v0: {first}", *(f"v{n + 1}: {step % (f'v{n}', f'v{n}')}" for n in range(60)), "wanted: ${v60}"]
    problem = problem_of("\n".join(lines))
    assert problem.code == "wrong-value"
    assert f"{MAX_EXPANSION:,} values or {MAX_TEXT:,} characters" in problem.message
    assert str(problem.span) == "line 1, column 6"


def test_references_that_nest_deeper_and_deeper() -> None:
    """A chain of objects is no circle, and still must end."""
    lines = ["v0: 1", *(f"v{n + 1} {{ a: ${{v{n}}} }}" for n in range(500)), "wanted: ${v500}"]
    assert "nested too deeply" in problem_of("\n".join(lines)).message


def test_checking_says_it_too() -> None:
    """Also where values may still come: `check` names the circle or the growth, once, as an error."""
    stage = "stages: [{ type: SQLValidate, name: ${a}, environments: [test], sql: SELECT 1 }]"
    for document, message in (("a: ${b}\nb: ${a}", "refers to itself"), ("a: x${a0}\n" + _doublings(), "larger than")):
        job = document_job(f"{document}\n{stage}")
        report = check_job(job, Context(settings=RunSettings(environment="test")))
        (problem,) = [each for each in report.problems if each.code in ("unresolved-substitution", "wrong-value")]
        assert message in problem.message


def _doublings() -> str:
    return "\n".join(f"a{n}: ${{a{n + 1}}}${{a{n + 1}}}" for n in range(60)) + "\na60: x"


def test_known_values_end_at_the_limit_too() -> None:
    """Binding what is known leaves a problem in the tree instead of raising."""
    (stage,) = read_objects("{ a: ${a0} }")
    bound = bind_known(stage, Scope(read_document(_doublings()).value), lambda name: True)
    assert [problem.code for problem in bound.problems] == ["wrong-value"]


def test_documents_that_include_ever_further_ones() -> None:
    """Neither a chain of documents nor a tree of them is followed to its end."""

    def further(address: str) -> str:
        return f'include "{int(address.partition(".")[0]) + 1}.conf"'

    with pytest.raises(CellError, match=f"more than {MAX_INCLUDE_DEPTH} deep"):
        read_document('include "0.conf"', fetch=further)

    def twice(address: str) -> str:
        return further(address) + "\n" + further(address)

    with pytest.raises(CellError, match=f"more than {MAX_INCLUDES} documents"):
        read_document('include "0.conf"', fetch=lambda address: "" if address == "19.conf" else twice(address))


def test_fifty_megabytes_are_refused_before_they_are_read() -> None:
    """Longer text than the limit takes neither time nor memory."""
    text = "a: 1\n" * 10_000_000
    tracemalloc.start()
    for read in (read_objects, read_document, document_job):
        with pytest.raises(CellError, match=f"longer than {MAX_CHARACTERS:,} characters"):
            read(text)
    with pytest.raises(CellError, match="the notebook is longer than"):
        notebook_job(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_a_text_of_too_many_words_ends_where_the_limit_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short words make many values of little text."""
    monkeypatch.setattr(lexer, "MAX_TOKENS", 1_000)
    with pytest.raises(CellError, match="more than 1,000 words and signs") as caught:
        read_document("a: [" + "1," * 10_000 + "]")
    span = caught.value.problems[0].span
    assert span is not None
    assert span.column == 1_001


def test_large_files_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is no job, statement or schema is refused by its size; the largest allowed one is read."""
    monkeypatch.setattr(fetch, "MAX_BYTES", 1_000_000)
    (tmp_path / "x.sql").write_bytes(b"x" * 1_000_001)
    with pytest.raises(InputError, match="larger than 1 MB"):
        fetch_text(str(tmp_path / "x.sql"))
    (tmp_path / "x.sql").write_bytes(b"x" * 1_000_000)
    assert len(fetch_text(str(tmp_path / "x.sql"))) < MAX_BYTES
