"""Print every figure, or those named: python -m benchmarks [NAME …]

A figure is a ratio to something bare (ipykernel, papermill, Sail by hand) measured in the same run, because absolute
times say more about the machine than about arcbook.
"""

import argparse
import importlib
import pkgutil

import benchmarks


def main() -> None:
    """Run the benchmarks one after the other; each module has a `main()` that prints."""
    known = [info.name for info in pkgutil.iter_modules(benchmarks.__path__) if not info.name.startswith("_")]
    runnable = [name for name in known if hasattr(importlib.import_module(f"benchmarks.{name}"), "main")]
    parser = argparse.ArgumentParser(description="Print arcbook's figures.")
    parser.add_argument("names", nargs="*", choices=[[], *runnable], help="which (default: all)")
    for name in parser.parse_args().names or runnable:
        print(f"\n== {name}", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
