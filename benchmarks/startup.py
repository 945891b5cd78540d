"""How long the command line takes to answer, against a bare interpreter."""

import sys
from pathlib import Path

from benchmarks._timing import print_ratios, time_commands


def main() -> None:
    """`arcbook --help` and `arcbook stages` against `python -c pass`."""
    arcbook = str(Path(sys.executable).parent / "arcbook")
    timings = time_commands(
        {
            "bare interpreter": [sys.executable, "-c", "pass"],
            "arcbook --help": [arcbook, "--help"],
            "arcbook stages": [arcbook, "stages"],
        },
        rounds=5,
    )
    print_ratios(timings, "bare interpreter")
