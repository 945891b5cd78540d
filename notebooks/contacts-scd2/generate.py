"""Make the two contact files of the example job, with an outcome that is known beforehand.

The update file holds every initial contact once more (some of them changed) and some new ones, in shuffled order, so
that a right type-2 history has exactly `Outcome.rows` rows, `Outcome.expired` of them expired.

Usage: python generate.py FOLDER [--seed N]
"""

import argparse
import csv
import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

INITIAL_ROWS = 999
CHANGED_ROWS = 92
NEW_ROWS = 101
FIELDS = ("id", "name", "email", "state", "phone", "credit_limit", "joined")

GIVEN = [
    "Ada", "Ben", "Chloé", "Dai", "Eva", "Finn", "Gül", "Hana", "Ivo", "Jun", "Kai", "Lena", "Max", "Nia", "Omar",
    "Pia", "Quin", "Rosa", "Seo-yeon", "Tom",
]  # fmt: skip
FAMILY = [
    "Abel", "Brandt", "Choi", "Duarte", "Evans", "Fischer", "Garcia", "Haddad", "Ito", "Jansen", "Kim", "Li",
    "Moreau", "Novák", "Okafor", "Park",
]  # fmt: skip
STATES = ["ACT", "NSW", "NT", "QLD", "SA", "TAS", "VIC", "WA"]


@dataclass(frozen=True)
class Outcome:
    """What a right job makes of the two files."""

    initial: int = INITIAL_ROWS
    update: int = INITIAL_ROWS + NEW_ROWS
    expired: int = CHANGED_ROWS
    current: int = INITIAL_ROWS + NEW_ROWS
    rows: int = INITIAL_ROWS + CHANGED_ROWS + NEW_ROWS


def contact(number: int, rng: random.Random) -> dict[str, str]:
    """One contact as text, as a source system would export it."""
    given, family = rng.choice(GIVEN), rng.choice(FAMILY)
    joined = date(2015, 1, 1) + timedelta(days=rng.randrange(3_650))
    return {
        "id": str(number),
        "name": f"{given} {family}",
        "email": f"{given}.{family}.{number}@example.org".lower(),
        "state": rng.choice(STATES),
        "phone": f"+61 4{rng.randrange(10**8):08d}",
        "credit_limit": f"{rng.randrange(100, 50_000)}.{rng.randrange(100):02d}",
        "joined": joined.strftime("%d/%m/%Y"),
    }


def changed(row: dict[str, str], rng: random.Random) -> dict[str, str]:
    """The same contact after a move or a new credit limit: never equal to `row`."""
    if rng.random() < 0.5:
        return row | {"state": rng.choice([state for state in STATES if state != row["state"]])}
    return row | {"credit_limit": f"{int(row['credit_limit'].split('.')[0]) + rng.randrange(1, 500)}.00"}


def write(path: Path, rows: Iterable[dict[str, str]]) -> None:
    """Write one file with a header line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def generate(folder: Path, seed: int = 20261123) -> Outcome:
    """Write `input/contacts_initial.csv` and `input/contacts_update.csv` under `folder`."""
    rng = random.Random(seed)
    initial = [contact(number, rng) for number in range(1, INITIAL_ROWS + 1)]
    moved = set(rng.sample(range(INITIAL_ROWS), CHANGED_ROWS))
    update = [changed(row, rng) if index in moved else row for index, row in enumerate(initial)]
    update += [contact(number, rng) for number in range(INITIAL_ROWS + 1, INITIAL_ROWS + NEW_ROWS + 1)]
    rng.shuffle(update)
    write(folder / "input" / "contacts_initial.csv", initial)
    write(folder / "input" / "contacts_update.csv", update)
    return Outcome()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make the contact files of the example job.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=20261123)
    arguments = parser.parse_args()
    print(generate(arguments.folder, arguments.seed))
