"""The reader's fuzzer, `make fuzz`: mutates the texts of the test data and wants `properties.holds_for` of each.

Prints what it did and what it found; ends with 1 when a text crashes the reader, takes it too long or breaks a
property. Such a text is written beside, to be made a case.
"""

import argparse
import random
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import yaml

from tests.cells.properties import holds_for

DATA = Path(__file__).parent / "data"
#: Texts are cut to this length, so that many fit into a minute.
LONGEST = 20_000
#: Longer than any of them may take on a busy machine; the reader needs milliseconds.
PATIENCE_SECONDS = 20
PIECES = (
    '"', '"""', "{", "}", "[", "]", ",", ":", "=", "+=", "${", "${?", "}", "a", "b.c", " ", "\n", "#", "//", "\\",
    "\\u00", "1", "-1.5e3", "1e+5", "null", "true", "%sql ", "%params\n", "include ", "required(", "'", "\t", "\r\n",
    'include "a1.conf"\n', "é", "\ufeff", "@", "$", "\u2028", "\x00", "\ud800", "😀", "stages", "${a}", "${?b}", "${X}",
    "a: ${a} [1]\n", "a += 1\n", "a { b: 1 }\n", "{type: SQLTransform}", "9" * 40, "(" * 40, "[" * 40, "{a:" * 40,
)  # fmt: skip


class StuckError(Exception):
    """A text takes the reader too long."""


def main() -> int:
    """Fuzz for a while; the exit code."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--seed", type=int, default=None, help="repeats a run (as far as its time goes)")
    chosen = options.parse_args()
    seed = chosen.seed if chosen.seed is not None else random.SystemRandom().randrange(10**9)
    corpus = sorted(set(texts_of_test_data()))
    print(f"fuzzing the reader for {chosen.seconds:g} s with {len(corpus)} texts, seed {seed}", flush=True)
    generator = random.Random(seed)
    signal.signal(signal.SIGALRM, _stuck)
    ends, tried, characters, slowest, failures = time.monotonic() + chosen.seconds, 0, 0, 0.0, 0
    while time.monotonic() < ends and failures < 5:
        text = mutated(generator, corpus)
        started = time.monotonic()
        failures += not _passes(text)
        seconds = time.monotonic() - started
        if seconds > max(slowest, 1):
            print(f"{seconds:.1f} s for {len(text)} characters: {text[:200]!r}", flush=True)
        slowest = max(slowest, seconds)
        tried, characters = tried + 1, characters + len(text)
    found = f"{failures} failures" if failures else "no failure"
    print(f"{tried:,} texts, {characters / 1e6:.1f} million characters, the slowest {slowest:.2f} s: {found}")
    return 1 if failures else 0


def texts_of_test_data() -> Iterator[str]:
    """Every text of the case files that is long enough to be one, and the files themselves."""
    for path in sorted(DATA.glob("*.yaml")):
        yield from _texts(yaml.safe_load(path.read_text(encoding="utf-8")))
    yield from (path.read_text(encoding="utf-8") for path in sorted(DATA.glob("*.ipynb")))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and len(value) > 3:
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def mutated(generator: random.Random, corpus: list[str]) -> str:
    """A text of the corpus after some cuts, repetitions, insertions and swaps."""
    text = generator.choice(corpus)
    for _ in range(generator.randint(1, 8)):
        start = generator.randint(0, len(text))
        end = min(len(text), start + int(generator.expovariate(0.1)))
        change = generator.randrange(5)
        if change == 0:
            text = text[:start] + text[end:]
        elif change == 1:
            text = text[:start] + generator.choice(PIECES) + text[start:]
        elif change == 2:
            text = text[:end] + text[start:end] * generator.randint(1, 60) + text[end:]
        elif change == 3:
            text = text[:start] + generator.choice(corpus) + text[start:]
        else:
            text = (
                text[:start]
                + chr(generator.choice((generator.randrange(128), generator.randrange(0x3000))))
                + text[end:]
            )
    return text[:LONGEST]


def _passes(text: str) -> bool:
    signal.setitimer(signal.ITIMER_REAL, PATIENCE_SECONDS)
    try:
        holds_for(text)
    except Exception:  # noqa: BLE001 - whatever comes out of the reader is the finding
        signal.setitimer(signal.ITIMER_REAL, 0)
        path = Path(f"fuzz-{abs(hash(text)) % 10**8:08d}.txt")
        path.write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
        print(f"--- {path} ({len(text)} characters)\n{text[:500]!r}\n{traceback.format_exc(limit=-6)}", flush=True)
        return False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return True


def _stuck(_signal: int, _frame: FrameType | None) -> None:
    raise StuckError(f"the reader needs more than {PATIENCE_SECONDS} s")


if __name__ == "__main__":
    sys.exit(main())
