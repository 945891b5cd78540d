"""Tables in plain text stay straight, whatever letters stand in them."""

import pytest

from arcbook.cells.evidence_text import evidence_lines
from arcbook.cells.text_table import aligned
from arcbook.cli._output import echo_table


def test_aligned() -> None:
    """Hangul and Han are two columns wide, combining marks none; nothing trails."""
    assert aligned([("이름", "x"), ("a", "b"), ("e\u0301e\u0301", "")]) == ["이름  x", "a     b", "e\u0301e\u0301"]
    assert aligned([]) == []


def test_evidence() -> None:
    """A gate's sample, whose columns and values are the user's own."""
    gate = {"rule": "r", "seconds": 0.1, "sample": [{"이름": "xx", "n": "9"}, {"이름": None, "n": "99"}]}
    lines = [line.strip() for line in evidence_lines("g", gate) if "|" in line]
    assert lines == ["| 이름 | n", "| xx   | 9", "| null | 99"]


def test_tables_of_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """Jobs, too, have the names that their users gave them."""
    echo_table(("JOB", "STATUS"), [("주문", "failed"), ("orders", "completed")])
    assert capsys.readouterr().out.splitlines() == ["JOB     STATUS", "주문    failed", "orders  completed"]
