"""How often a trial is repeated: a few fixed seeds in `make test`, the full number in `make soak`."""

import os


def seeds(few: int, *, soak: int) -> range:
    """The seeds of a trial; the few are the first of the many, so that a failure of either can be repeated."""
    return range(soak if os.environ.get("ARCBOOK_SOAK") else few)
