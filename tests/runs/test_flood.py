"""Cells that show more than anybody reads: head and tail are kept, the loss is stated, memory and files stay small."""

import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from arcbook.engines.processes import peak_memory_of
from arcbook.runs.record import Record
from tests.runs.running import Make, Ran, assert_nothing_runs, read_notebook, record_folder, texts, wait_for_journal

Start = Callable[..., "subprocess.Popen[str]"]
MB = 1_000_000


def lines_of(text: str) -> list[int]:
    """The numbers of the whole lines that were kept, in their order."""
    return [int(number) for number in re.findall(r"^line (\d+) x+$", text, re.MULTILINE)]


def lines_lost(text: str) -> int:
    """How many lines the notebook says are not kept."""
    return sum(int(number.replace(",", "")) for number in re.findall(r"([\d,]+) lines \(.*are not kept", text))


def test_a_million_lines(
    make_notebook: Make, start_command: Start, tmp_path: Path, the_record: Callable[[], Record]
) -> None:
    """Kept and lost lines make a million; kernel and run never hold them all."""
    flood = "%python\nfor i in range(1_000_000): print('line', i, 'x' * 100)"
    engine = "%sql environments=test outputView=one\nSELECT 1 AS one"  # what it needs is imported before the flood
    job = make_notebook("%environment test", engine, flood, "%python\nprint('after')")
    process = start_command("arcbook", "run", job)
    peak = 0
    while process.poll() is None:
        peak = max(peak, peak_memory_of(process.pid) or 0)
        time.sleep(0.05)
    output, _ = process.communicate()
    assert process.returncode == 0, output
    shown = texts(read_notebook(record_folder(tmp_path) / "notebook.ipynb"))
    kept = lines_of(shown)
    assert (kept[0], kept[-1]) == (0, 999_999)
    assert kept == sorted(kept)
    assert len(kept) + lines_lost(shown) == 1_000_000
    assert "after" in shown

    record = the_record()
    before, during = (record.cells[number].usage.kernel_peak_bytes or 0 for number in (1, 2))
    assert during - before < 150 * MB
    assert peak < 200 * MB
    assert record.cells[2].lost_bytes > 90 * MB
    sizes = {path.name: path.stat().st_size for path in record_folder(tmp_path).iterdir()}
    assert sizes["notebook.ipynb"] < 1 * MB
    assert sizes["journal.jsonl"] < 2 * MB


def test_every_flushed_line_counts(make_notebook: Make, run_command: Callable[..., Ran], tmp_path: Path) -> None:
    """A line is a message then, and messages are not dropped on their way however slow the run reads them."""
    flood = "%python\nfor i in range(15_000): print('line', i, 'x' * 100, flush=True)"
    done = run_command("arcbook", "run", make_notebook("%environment test", flood))
    assert done.code == 0, done.err
    shown = texts(read_notebook(record_folder(tmp_path) / "notebook.ipynb"))
    assert len(lines_of(shown)) + lines_lost(shown) == 15_000


def test_a_run_is_stopped_in_the_middle_of_a_flood(
    make_notebook: Make, start_command: Start, tmp_path: Path, the_record: Callable[[], Record]
) -> None:
    """SIGTERM ends an endless flood: cancelled, a valid notebook with head, tail and loss, no process left."""
    flood = "%python\nimport itertools\nfor i in itertools.count(): print('line', i, 'x' * 100)"
    process = start_command("arcbook", "run", make_notebook("%environment test", flood))
    wait_for_journal('"event":"tail"', tmp_path / "runs", process)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 130, output
    assert the_record().status == "cancelled"
    shown = texts(read_notebook(record_folder(tmp_path) / "notebook.ipynb"))
    kept = lines_of(shown)
    assert kept[0] == 0
    assert kept == sorted(kept)
    assert kept[-1] + 1 == len(kept) + lines_lost(shown)
    assert_nothing_runs(tmp_path)


def test_a_statement_that_shows_many_rows(make_notebook: Make, run_command: Callable[..., Ran], tmp_path: Path) -> None:
    """A table of a million rows is a sentence in the notebook, one of a thousand is a table."""
    rows = "SELECT id, md5(CAST(id AS STRING)) AS text FROM range(1000000)"
    many = [f"%sql environments=test outputView=many numRows={number}\n{rows}" for number in (1_000_000, 1000)]
    done = run_command("arcbook", "run", make_notebook("%environment test", *many, "%python\nprint('after')"))
    assert done.code == 0, done.err
    notebook = read_notebook(record_folder(tmp_path) / "notebook.ipynb")
    assert "after" in texts(notebook)
    *_, few, _ = notebook["cells"]
    assert "a87ff679a2f3e71d9181a67b7542122c" in texts({"cells": [few]})  # the row of 4
    sizes: dict[str, Any] = {path.name: path.stat().st_size for path in record_folder(tmp_path).iterdir()}
    assert sizes["notebook.ipynb"] < 10 * MB
    assert sizes["journal.jsonl"] < 10 * MB
