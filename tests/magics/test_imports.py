"""The thread that runs cells imports nothing: an interrupt within an import can stop every thread for good."""

import subprocess
import sys
from pathlib import Path

# In a process of its own, which has imported nothing yet.
SCRIPT = """
import sys, threading
from arcbook.core.failures import ArcbookError
from arcbook_magics.workbench import Workbench

bench = Workbench(publish=lambda shown: None)
bench.room.call(lambda executor: None)
asked = []

class Finder:
    def find_spec(self, name, path=None, target=None):
        if threading.current_thread() is threading.main_thread():
            asked.append(name)

sys.meta_path.insert(0, Finder())
for cell in sys.argv[1:]:
    try:
        bench.run(cell)
    except ArcbookError:
        pass
bench.close()
sys.exit(", ".join(asked) or 0)
"""
CELLS = (
    "%environment test",
    "%params\nx: integer = 3 (0..5)\nd: decimal(5,2) = 0.5",
    "%env\nA=b",
    "%conf\nnumRows=5",
    "%sql name=a environments=test outputView=v\nSELECT id, :x AS y, :d AS w, array(1) AS q FROM range(20)",
    "%sql environments=test outputView=han\nSELECT '漢字' AS text",
    "%printschema v",
    "%metadata v",
    "%schema v",
    "%printmetadata v",
    "%sqlvalidate name=b environments=test\nSELECT true, 'message'",
    '%log name=c environments=test\nSELECT "a" AS message',
    "%list .",
    "%lineage",
    "%help",
    "%help sql",
    '{"type": "ParquetLoad", "name": "d", "environments": ["test"], "inputView": "v", "outputURI": "out"}',
    "%sql\nSELECT nope FROM v",
    "%sqlvaildate\nSELECT 1",
)


def test_cells_import_nothing_in_their_thread(tmp_path: Path) -> None:
    """Neither what runs and shows them, nor what tells of errors."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, *CELLS],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
