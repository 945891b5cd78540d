"""How long the arc kernel takes to be ready, to run a trivial cell and to show a first result, against ipykernel."""

import os
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

ROUNDS = 5
CELLS = 40


def main() -> None:
    """Start both kernels in turn, so that both see the same machine, and print the ratios."""
    timings: dict[str, list[float]] = {}

    def note(name: str, seconds: float) -> None:
        timings.setdefault(name, []).append(seconds)

    for _ in range(ROUNDS):
        for name, trivial, first in (
            ("ipykernel", "1", "1"),
            ("arc", "%python 1", "%sql environments=test\nselect 1"),
        ):
            with _kernel("python3" if name == "ipykernel" else name, note, name) as client:
                started = time.perf_counter()
                _run(client, first)
                note(f"{name}: first result after ready", time.perf_counter() - started)
                for _ in range(CELLS):
                    started = time.perf_counter()
                    _run(client, trivial)
                    note(f"{name}: trivial cell", time.perf_counter() - started)
                if name == "arc":
                    for _ in range(CELLS):
                        started = time.perf_counter()
                        _run(client, first)
                        note("arc: select 1, later", time.perf_counter() - started)
    medians = {name: statistics.median(values) for name, values in timings.items()}
    _print(medians, "ipykernel: ready", "arc: ready")
    _print(medians, "ipykernel: trivial cell", "arc: trivial cell", "arc: select 1, later")
    _print(medians, "ipykernel: first result after ready", "arc: first result after ready")


def _print(medians: Mapping[str, float], base: str, *names: str) -> None:
    for name in (base, *names):
        seconds = medians[name]
        print(f"{name:<44} {seconds:9.4f} s   {seconds / medians[base]:7.2f} x {base}")


@contextmanager
def _kernel(kernel: str, note: Any, name: str) -> Iterator[Any]:
    """A new kernel's client; notes how long it took until the kernel had answered and could run a cell."""
    from jupyter_client.manager import start_new_kernel

    environment = {key: value for key, value in os.environ.items() if key != "ARCBOOK_LAUNCH"}
    started = time.perf_counter()
    manager, client = start_new_kernel(kernel_name=kernel, env=environment, startup_timeout=60)
    note(f"{name}: ready", time.perf_counter() - started)
    try:
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel()


def _run(client: Any, code: str) -> None:
    reply = client.execute_interactive(code, output_hook=lambda message: None, timeout=120)
    if reply["content"]["status"] != "ok":
        raise RuntimeError(f"{code!r}: {reply['content']}")


if __name__ == "__main__":
    main()
