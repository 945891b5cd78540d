"""Write the saved outputs of the example notebooks anew, or their expected manifests.

Usage: python notebooks/refresh.py [--manifests]

The only thing that changes golden files; tests compare and never write.
"""

import argparse
import configparser
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "contacts-scd2"))

from demo import PROMOTION  # noqa: E402  # a script beside the notebook, found by the line above

BIN = Path(sys.executable).parent
EXAMPLES = {"contacts-scd2": "contacts_scd2.ipynb", "taxi-typing": "taxi_typing.ipynb"}


def save_outputs(folder: Path, name: str) -> None:
    """Execute a copy in a fresh folder, as nbval will, and carry its outputs over without what always differs."""
    import nbclient
    import nbformat

    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / folder.name
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("data", "manifests"))
        subprocess.run([sys.executable, "generate.py", "data"], cwd=copy, check=True, stdout=subprocess.DEVNULL)
        executed = nbformat.read(copy / name, as_version=4)  # type: ignore[no-untyped-call]
        nbclient.NotebookClient(executed, resources={"metadata": {"path": str(copy)}}).execute()
    path = folder / name
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    outputs = {cell.id: cell for cell in executed.cells if cell.cell_type == "code"}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [saved(output) for output in outputs[cell["id"]].outputs]
            cell["execution_count"] = outputs[cell["id"]].execution_count
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{path.relative_to(HERE.parent)}: outputs saved")


def saved(output: dict[str, Any]) -> dict[str, Any]:
    """An output as it is kept: texts by line, without what differs from run to run and without the kernel's details."""
    sanitizer = configparser.ConfigParser(interpolation=None)
    sanitizer.read(HERE / "nbval.cfg", encoding="utf-8")

    def clean(text: str) -> list[str]:
        for section in sanitizer.sections():
            text = re.sub(sanitizer[section]["regex"], sanitizer[section]["replace"], text)
        return text.splitlines(keepends=True)

    kept = {**output, "metadata": {}} if "metadata" in output else dict(output)
    if "data" in kept:
        kept["data"] = {kind: clean(text) for kind, text in kept["data"].items()}
    if "text" in kept:
        kept["text"] = clean(kept["text"])
    return kept


def save_manifests(folder: Path, name: str) -> None:
    """Promote the notebook into its folder `manifests`."""
    target = folder / "manifests"
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run([str(BIN / "arcbook"), "promote", name, *PROMOTION, "--out", "manifests"], cwd=folder, check=True)


def main() -> None:
    """Refresh every example."""
    parser = argparse.ArgumentParser(description="Write the examples' golden files anew.")
    parser.add_argument("--manifests", action="store_true", help="the expected manifests instead of the outputs")
    refresh = save_manifests if parser.parse_args().manifests else save_outputs
    for folder, name in EXAMPLES.items():
        refresh(HERE / folder, name)


if __name__ == "__main__":
    main()
