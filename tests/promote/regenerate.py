"""Write the expected promotions in tests/promote/golden anew: `python tests/promote/regenerate.py`.

The only thing that changes them; the tests compare and never write.
"""

import json
import os
import shutil
from pathlib import Path

from arcbook.cli import invoke

GOLDEN = Path(__file__).resolve().parent / "golden"


def main() -> None:
    """Promote each example into its folder `expected`."""
    options = json.loads((GOLDEN / "options.json").read_text(encoding="utf-8"))
    for name, arguments in options.items():
        os.chdir(GOLDEN / name)
        shutil.rmtree("expected", ignore_errors=True)
        if code := invoke(["promote", *arguments, "--out", "expected"]):
            raise SystemExit(code)


if __name__ == "__main__":
    main()
