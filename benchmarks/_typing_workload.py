"""The wide typing workload: 20 text columns with about 2 % bad values, from a fixed seed.

The same seed and number of rows always give the same texts, so that the outcome is known beforehand.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SEED = 20240613
ROWS_PER_GROUP = 125_000
KINDS = ["integer"] * 4 + ["decimal"] * 4 + ["date"] * 4 + ["timestamp"] * 4 + ["boolean"] * 2 + ["string"] * 2
_BAD = {
    "integer": ["n/a", "12.5", "1,000", "99999999999", "x17", " 42"],
    "decimal": ["n/a", "1,234.50", "12345678901234567.00", "1.2.3", "--5", "abc"],
    "date": ["2021-02-30", "30/13/2020", "yesterday", "2020-1-1", "20200101", "0000-00-00"],
    "timestamp": [
        "2021-02-30 10:00:00", "2021-01-01", "25:00:00", "now", "2021-01-01T00:00:00", "2021-01-01 24:00:00",
    ],
    "boolean": ["maybe", "TRUE ", "2", "yes", "", "T"],
    "string": [""] * 6,
}  # fmt: skip
_WORDS = [
    "alpha", "beta", "gamma", "delta", "épée", "zebra", "Ωmega", "naïve", "kilo", "lima", "mike", "november", "oscar",
    "papa", "quebec", "romeo",
]  # fmt: skip


def names() -> list[str]:
    """The columns' names: `integer_1`, `integer_2` …"""
    seen: dict[str, int] = {}
    made = []
    for kind in KINDS:
        seen[kind] = seen.get(kind, 0) + 1
        made.append(f"{kind}_{seen[kind]}")
    return made


def write_workload(path: Path, rows: int) -> None:
    """Write the workload as one Parquet file."""
    schema = pa.schema([(name, pa.string()) for name in names()])
    random = np.random.default_rng(SEED)
    unfinished = path.with_suffix(".part")
    with pq.ParquetWriter(unfinished, schema, compression="snappy") as writer:
        for start in range(0, rows, ROWS_PER_GROUP):
            count = min(ROWS_PER_GROUP, rows - start)
            arrays = [pa.array(_column(kind, count, random), pa.string()) for kind in KINDS]
            writer.write_table(pa.table(arrays, schema=schema), row_group_size=count)
    unfinished.rename(path)


def _column(kind: str, count: int, random: Any) -> Any:
    """The texts of one column; the order of draws is part of the workload."""
    if kind == "integer":
        texts = random.integers(-2_000_000_000, 2_000_000_000, count).astype(str).astype(object)
    elif kind == "decimal":
        whole, fraction = random.integers(-9_999_999, 9_999_999, count), random.integers(0, 10_000, count)
        texts = np.array([f"{a}.{b:04d}" for a, b in zip(whole, fraction, strict=True)], dtype=object)
    elif kind == "date":
        days = np.datetime64("1970-01-01") + random.integers(0, 25_000, count).astype("timedelta64[D]")
        texts = np.datetime_as_string(days).astype(object)
    elif kind == "timestamp":
        seconds = random.integers(0, 1_000_000_000, count).astype("timedelta64[s]")
        moments = np.datetime_as_string(np.datetime64("1990-01-01T00:00:00") + seconds)
        texts = np.char.replace(moments, "T", " ").astype(object)
    elif kind == "boolean":
        texts = np.array(["true", "false"], dtype=object)[random.integers(0, 2, count)]
    else:
        words = np.array(_WORDS, dtype=object)[random.integers(0, len(_WORDS), count)]
        texts = words + " " + random.integers(0, 100_000, count).astype(str).astype(object)
    bad = random.random(count) < 0.02
    picks = random.integers(0, 6, count)
    texts[bad] = np.array(_BAD[kind], dtype=object)[picks[bad]]
    return texts
