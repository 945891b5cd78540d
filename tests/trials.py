"""How often a trial is repeated: a few fixed seeds in `make test`, the full number in `make soak`."""

import os


def seeds(few: int, *, soak: int) -> range:
    """The seeds of a trial; the few are the first of the many, so that a failure of either can be repeated."""
    return range(soak if in_soak() else few)


def in_soak() -> bool:
    """Whether these are the repeated trials at their full numbers."""
    return bool(os.environ.get("ARCBOOK_SOAK"))
