import copy
import json
from pathlib import Path
from typing import Any

import nbformat
import pytest

from arcbook.core.failures import InputError
from arcbook.core.masking import MASK, Masker
from arcbook.runs.journal import Journal, read_events
from arcbook.runs.outputs import HEAD_BYTES, RICH_BYTES, TAIL_BYTES, CellOutputs
from arcbook.runs.render import MARKER_TAG, render


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def notebook(cells: int = 2) -> dict[str, Any]:
    made: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"c{number}", "metadata": {}, "source": f"cell {number}",
         "outputs": [], "execution_count": None}
        for number in range(cells)
    ]  # fmt: skip
    return {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


class Events(list[dict[str, Any]]):
    """A journal in memory."""

    def write(self, event: str, **values: Any) -> None:
        self.append({"event": event, "time": "2026-11-23T08:00:00.000+00:00", **values})

    def begin(self, cells: int = 2) -> "Events":
        self.write("run", format=1, run_id="r", job="j", notebook=notebook(cells))
        return self

    def rendered(self) -> dict[str, Any]:
        made = render(json.loads(json.dumps(self)))
        nbformat.validate(nbformat.from_dict(made))  # type: ignore[no-untyped-call]
        return made


def text_of(cell: dict[str, Any]) -> str:
    return "".join(output.get("text", "") for output in cell["outputs"])


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    """Events come back in order, with their times."""
    with Journal(tmp_path / "j.jsonl", Masker()) as journal:
        journal.write("cell", cell=0)
        journal.write("cell-end", cell=0, status="completed")
    events = list(read_events((tmp_path / "j.jsonl").read_text(encoding="utf-8")))
    assert [(event["event"], event["cell"]) for event in events] == [("cell", 0), ("cell-end", 0)]
    assert all(event["time"].endswith("+00:00") for event in events)


def test_lines_are_there_before_the_journal_is_closed(tmp_path: Path) -> None:
    """A reader sees every line at once, so a dead process loses none."""
    journal = Journal(tmp_path / "j.jsonl", Masker())
    journal.write("cell", cell=0)
    assert (tmp_path / "j.jsonl").read_text(encoding="utf-8").endswith("\n")
    journal.close()


def test_a_broken_last_line_is_passed_over() -> None:
    """A crash in the middle of a line costs that line only."""
    assert len(list(read_events('{"event":"cell","cell":0}\n{"event":"out'))) == 1


def test_a_broken_line_in_the_middle_is_an_error() -> None:
    """A journal that was damaged otherwise is not half believed."""
    with pytest.raises(InputError, match="line 1"):
        list(read_events('{"event":\n{"event":"cell","cell":0}\n'))


def test_a_newer_format_is_refused() -> None:
    """An old arcbook says that it cannot read a newer journal."""
    with pytest.raises(InputError, match="format 99"):
        list(read_events('{"event":"run","format":99}\n'))


def test_secrets_do_not_reach_the_journal(tmp_path: Path) -> None:
    """Every value of every event is masked."""
    with Journal(tmp_path / "j.jsonl", Masker(["hunter2-secret"])) as journal:
        journal.write("output", cell=0, output={"data": {"text/html": ["<b>hunter2-secret</b>"]}, "hunter2-secret": 1})
    assert "hunter2" not in (tmp_path / "j.jsonl").read_text(encoding="utf-8")


def test_a_secret_split_over_two_messages_is_masked() -> None:
    """A stream may be cut in the middle of a secret."""
    events = Events().begin()
    outputs = CellOutputs(0, events.write, Masker(["hunter2-secret"]))
    outputs.stream("stdout", "a hunter2-")
    outputs.stream("stdout", "secret b hunter2-")
    outputs.finish()
    assert text_of(events.rendered()["cells"][0]) == f"a {MASK} b hunter2-"


def test_streams_of_a_name_are_joined() -> None:
    """Pieces become one output, as a notebook shows them; the other stream starts a new one."""
    events = Events().begin()
    outputs = CellOutputs(0, events.write, Masker())
    for name, text in (("stdout", "a"), ("stdout", "b"), ("stderr", "c")):
        outputs.stream(name, text)
    outputs.finish()
    assert events.rendered()["cells"][0]["outputs"] == [stream("ab"), stream("c", "stderr")]


def test_a_flood_keeps_head_and_tail_and_says_what_is_lost() -> None:
    """Of a million lines the first and last are kept, and kept plus lost is all."""
    events = Events().begin()
    outputs = CellOutputs(0, events.write, Masker())
    lines = [f"line {number}\n" for number in range(1_000_000)]
    for start in range(0, len(lines), 1000):
        outputs.stream("stdout", "".join(lines[start : start + 1000]))
    outputs.finish()
    shown = [text for text in text_of(events.rendered()["cells"][0]).splitlines() if text]
    kept = [text for text in shown if text.startswith("line ")]
    assert kept[0] == "line 0"
    assert kept[-1] == "line 999999"
    assert f"{1_000_000 - len(kept):,} lines" in next(text for text in shown if "not kept" in text)
    assert sum(map(len, kept)) < HEAD_BYTES + 3 * TAIL_BYTES
    assert sum(len(line) for line in lines) - sum(len(text) + 1 for text in kept) == outputs.lost_bytes
    assert sum(len(json.dumps(event)) for event in events) < 2 * (HEAD_BYTES + 3 * TAIL_BYTES)


def test_one_endless_line_is_cut_too() -> None:
    """A flood without line ends is bounded as well."""
    events = Events().begin()
    outputs = CellOutputs(0, events.write, Masker())
    for _ in range(100):
        outputs.stream("stdout", "x" * 20_000)
    outputs.finish()
    assert len(text_of(events.rendered()["cells"][0])) < HEAD_BYTES + 3 * TAIL_BYTES


def test_a_huge_table_becomes_a_sentence() -> None:
    """One output above the limit does not fill the record."""
    events = Events().begin()
    outputs = CellOutputs(0, events.write, Masker())
    outputs.rich({"output_type": "display_data", "data": {"text/html": "x" * (RICH_BYTES + 1)}, "metadata": {}})
    outputs.finish()
    (output,) = events.rendered()["cells"][0]["outputs"]
    assert "not kept" in output["data"]["text/plain"]


def test_an_error_after_a_flood_is_kept() -> None:
    """What went wrong is never lost."""
    events = Events().begin()
    outputs = CellOutputs(0, events.write, Masker())
    for _ in range(100):
        outputs.stream("stdout", "y" * 10_000 + "\n")
    outputs.rich({"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["t"]})
    outputs.finish()
    assert events.rendered()["cells"][0]["outputs"][-1]["ename"] == "E"


def test_updates_change_what_was_shown() -> None:
    """A display that is updated shows its last state."""
    events = Events().begin()
    outputs = CellOutputs(0, events.write, Masker())
    outputs.rich({"output_type": "display_data", "data": {"text/plain": "0/9"}, "metadata": {}}, "progress")
    for done in range(1, 10):
        outputs.update("progress", {"text/plain": f"{done}/9"}, {})
    outputs.finish()
    (output,) = events.rendered()["cells"][0]["outputs"]
    assert output["data"] == {"text/plain": "9/9"}
    assert len([event for event in events if event["event"] == "update"]) < 9


def test_cleared_output_is_gone() -> None:
    """`clear_output` takes what was shown before it."""
    events = Events().begin()
    outputs = CellOutputs(0, events.write, Masker())
    outputs.stream("stdout", "old")
    outputs.clear()
    outputs.stream("stdout", "new")
    outputs.finish()
    assert text_of(events.rendered()["cells"][0]) == "new"


def test_a_journal_that_breaks_off_gives_a_valid_notebook() -> None:
    """Every prefix of a journal renders; the open cell says `running`."""
    events = Events().begin()
    events.write("cell", cell=0)
    events.write("output", cell=0, output=stream("so far"))
    first = events.rendered()["cells"][0]
    assert first["metadata"]["papermill"]["status"] == "running"
    assert text_of(first) == "so far"


def test_a_failed_run_is_marked_at_its_cell() -> None:
    """Papermill's metadata and markers: the failed cell, a note at the top, the rest pending."""
    events = Events().begin(3)
    events.write("cell", cell=0)
    events.write("cell-end", cell=0, status="completed", execution_count=1, seconds=0.5)
    events.write("cell", cell=1)
    events.write("cell-end", cell=1, status="failed", execution_count=2, seconds=0.25)
    failure = {"failure": "quality", "exit_code": 65, "message": "too few rows"}
    events.write("run-end", status="failed", failure=failure)
    made = events.rendered()
    marked = [MARKER_TAG in cell["metadata"].get("tags", ()) for cell in made["cells"]]
    assert marked == [True, False, True, False, False]
    assert "too few rows" in made["cells"][0]["source"]
    code = [cell["metadata"]["papermill"] for cell in made["cells"] if cell["cell_type"] == "code"]
    assert [notes["status"] for notes in code] == ["completed", "failed", "pending"]
    assert [notes["exception"] for notes in code] == [False, True, None]
    assert made["metadata"]["papermill"]["exception"] is True


def test_rendering_is_pure() -> None:
    """The same events give the same notebook, however often, and are themselves left alone."""
    events = Events().begin()
    events.write("output", cell=0, output=stream("a"))
    events.write("output", cell=0, output=stream("b"))
    events.write("cell-end", cell=0, status="failed", execution_count=1, seconds=0.1)
    events.write("run-end", status="failed", failure={"message": "x"})
    before = copy.deepcopy(list(events))
    assert render(events) == render(events)
    assert list(events) == before


def test_a_journal_without_a_beginning_says_so() -> None:
    """There is nothing to render without the notebook."""
    with pytest.raises(InputError, match="does not begin"):
        render([{"event": "cell", "cell": 0}])
