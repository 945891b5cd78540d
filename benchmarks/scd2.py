"""The contacts job: through papermill and the kernel on both engines, against the same work by hand on bare Sail."""

import importlib.util
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks._timing import print_ratios, time_commands

EXAMPLE = Path(__file__).resolve().parents[1] / "notebooks" / "contacts-scd2"
BIN = Path(sys.executable).parent


def main() -> None:
    """Whole processes, start-up included; the table is checked by the job's own gates each time."""
    generate = _load(EXAMPLE / "generate.py")
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch)
        generate.generate(data)
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


def _load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
