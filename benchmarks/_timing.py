"""Timing whole commands, alternating, so that a drifting machine treats all alike."""

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Timing:
    """Medians of one command over its runs, in seconds."""

    wall: float
    cpu: float


def time_commands(
    commands: Mapping[str, Sequence[str]],
    *,
    rounds: int = 3,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> dict[str, Timing]:
    """Run each command once per round, in turn, after one round that does not count.

    Raises:
        subprocess.CalledProcessError: a command failed; its figures would mean nothing.
    """
    samples: dict[str, list[Timing]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            timing = _time_once(command, cwd, env)
            if number:
                samples[name].append(timing)
    return {
        name: Timing(statistics.median(t.wall for t in taken), statistics.median(t.cpu for t in taken))
        for name, taken in samples.items()
    }


def _time_once(command: Sequence[str], cwd: Path | None, env: Mapping[str, str] | None) -> Timing:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(
        command,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=cwd,
        env=os.environ | dict(env or {}),
    )
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Timing(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def print_ratios(timings: Mapping[str, Timing], base: str) -> None:
    """One line per command: medians, and the ratio of its wall time to that of `base`."""
    for name, timing in timings.items():
        ratio = timing.wall / timings[base].wall
        print(f"{name:<44} {timing.wall:7.2f} s wall {timing.cpu:7.2f} s CPU   {ratio:5.2f} x {base}")
