"""The contacts job: through papermill and the kernel on both engines, against the same work by hand on bare Sail."""

import sys
import tempfile
from pathlib import Path
from runpy import run_path

from benchmarks._timing import print_ratios, time_commands

EXAMPLE = Path(__file__).resolve().parents[1] / "notebooks" / "contacts-scd2"
BIN = Path(sys.executable).parent


def main() -> None:
    """Whole processes, start-up included; the table is checked by the job's own gates each time."""
    generate = run_path(str(EXAMPLE / "generate.py"))["generate"]
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch)
        generate(data)
        job = [str(BIN / "arcbook"), "run", str(EXAMPLE / "contacts_scd2.ipynb"), "--environment", "dev"]
        job += ["-p", "datalake", scratch, "--record", str(data / "runs")]
        timings = time_commands(
            {
                "bare Sail": [sys.executable, str(Path(__file__).with_name("_scd2_by_hand.py")), scratch],
                "arcbook run, embedded": [*job, "--engine", "embedded"],
                "arcbook run, local (warm server)": [*job, "--engine", "local"],
            }
        )
    print_ratios(timings, "bare Sail")


if __name__ == "__main__":
    main()
