"""Code and documentation say the same."""

import re
from pathlib import Path

from arcbook.core.codes import CODES
from arcbook.core.failures import ERRORS_BY_NAME, FAILURES
from arcbook.runs.record import CellNote, FailureNote, PlanNote, Record, StageNote, Usage
from arcbook.schemas.model import COLUMN_TYPES
from arcbook_magics.registry import magic_names

ROOT = Path(__file__).resolve().parents[1]


def test_every_problem_code_has_its_section_and_no_other() -> None:
    """The headings of docs/problems.md are exactly the codes."""
    headings = re.findall(r"(?m)^## (.+)$", (ROOT / "docs" / "problems.md").read_text(encoding="utf-8"))
    assert sorted(headings) == sorted(CODES)


def test_every_problem_code_is_used() -> None:
    """A code that nothing raises would document what cannot happen."""
    sources = [*(ROOT / "kernel").rglob("*.py"), *(ROOT / "magics").rglob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources if path.name != "codes.py")
    assert [code for code in CODES if f'"{code}"' not in text] == []


def test_exit_codes_are_unique_and_every_class_has_an_error() -> None:
    """A code that stood for two classes could not be branched on."""
    codes = [failure.exit_code for failure in FAILURES.values()]
    assert len(set(codes)) == len(codes)
    assert {error.failure_name for error in ERRORS_BY_NAME.values()} == set(FAILURES)


def test_the_failure_table_is_the_contract() -> None:
    """Class, exit code, retry decision and meaning stand in the documentation as the code has them."""
    text = (ROOT / "docs" / "failures.md").read_text(encoding="utf-8")
    rows = [f"| `{each.name}` | {each.exit_code} | {each.retry} | {each.meaning} |" for each in FAILURES.values()]
    assert [row for row in rows if row not in text] == []


def test_every_magic_is_documented() -> None:
    """The kernel's page names each one."""
    text = (ROOT / "docs" / "kernel.md").read_text(encoding="utf-8")
    assert [name for name in magic_names() if not re.search(rf"%{name}\b", text)] == []


def test_every_attribute_of_a_schema_is_documented() -> None:
    """The page on typing names each type and attribute."""
    text = (ROOT / "docs" / "typing.md").read_text(encoding="utf-8")
    attributes = {
        field.alias or name for column in COLUMN_TYPES.values() for name, field in column.model_fields.items()
    }
    assert [name for name in (*COLUMN_TYPES, *attributes) if f"`{name}`" not in text] == []


def test_every_field_of_a_record_and_every_event_of_a_journal_is_documented() -> None:
    """The page on records names each one, with its unit."""
    text = (ROOT / "docs" / "records.md").read_text(encoding="utf-8")
    parts = (Record, CellNote, StageNote, Usage, PlanNote, FailureNote)
    fields = {field for part in parts for field in part.model_fields}
    assert sorted(field for field in fields if f"`{field}`" not in text) == []
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "kernel/arcbook/runs").glob("*.py"))
    events = set(re.findall(r"""(?:journal\.write|self\._write)\(\s*"([a-z-]+)\"""", sources))
    assert {"run", "cell", "cell-end", "output", "tail", "run-end"} <= events
    assert sorted(event for event in events if f"| `{event}` |" not in text) == []


def test_readme_begins_with_the_two_commands() -> None:
    """A stranger finds them first."""
    lines = [line.strip() for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if line.strip()]
    assert lines[1].startswith("make demo")
    assert lines[2].startswith("make test")


def test_no_source_root_is_a_package() -> None:
    """An __init__.py there would hide packages of the same name, the real jupyterhub among them."""
    assert [name for name in ("kernel", "magics", "jupyterhub") if (ROOT / name / "__init__.py").exists()] == []
