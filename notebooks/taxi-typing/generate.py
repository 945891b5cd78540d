"""Make a messy taxi file: most rows sound, some with cells that cannot be typed, all from a fixed seed.

Usage: python generate.py FOLDER [--rows N] [--seed N]
"""

import argparse
import csv
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

FIELDS = ("trip_id", "vendor", "pickup", "dropoff", "passengers", "distance_km", "fare", "tip", "flagged")
#: One way to spoil each field; every spoiled cell is exactly one typing error.
SPOILED = {
    "pickup": "yesterday",
    "dropoff": "31/02/2026 10:00",
    "passengers": "two",
    "distance_km": "1.2.3",
    "fare": "$12",
    "flagged": "maybe",
}


@dataclass(frozen=True)
class Outcome:
    """What a right job finds: rows, and cells that cannot be typed."""

    rows: int
    errors: int


def trip(number: int, rng: random.Random) -> dict[str, str]:
    """One trip as the export writes it: day-first times, blanks around numbers, `-` for nothing."""
    pickup = datetime(2026, 1, 1) + timedelta(seconds=rng.randrange(180 * 86_400))  # noqa: DTZ001 - local, as exported
    dropoff = pickup + timedelta(seconds=rng.randrange(120, 5_400))
    distance = rng.randrange(5, 400) / 10
    return {
        "trip_id": str(number),
        "vendor": rng.choice(["Acme", "Blue Cabs", "Côte & Fils"]),
        "pickup": pickup.strftime("%d/%m/%Y %H:%M"),
        "dropoff": dropoff.strftime("%d/%m/%Y %H:%M"),
        "passengers": rng.choice(["1", "1", "2", "3", " 4", "-"]),
        "distance_km": f"{distance:.1f}",
        "fare": f" {4 + distance * 2.3:.2f}",
        "tip": rng.choice(["-", "0.00", "2.50", "5.00"]),
        "flagged": rng.choice(["Y", "N", "N", "N"]),
    }


def generate(folder: Path, rows: int = 2_000, seed: int = 20261123) -> Outcome:
    """Write `input/trips.csv` under `folder`; about one row in fifty has a spoiled cell."""
    rng = random.Random(seed)
    errors = 0
    path = folder / "input" / "trips.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, FIELDS, lineterminator="\n")
        writer.writeheader()
        for number in range(1, rows + 1):
            row = trip(number, rng)
            if rng.random() < 0.02:
                field = rng.choice(sorted(SPOILED))
                row[field] = SPOILED[field]
                errors += 1
            writer.writerow(row)
    return Outcome(rows, errors)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make the messy taxi file.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=20261123)
    arguments = parser.parse_args()
    print(generate(arguments.folder, arguments.rows, arguments.seed))
