"""What a kernel does for the resuming of a run that fails."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from arcbook.core.failures import ArcbookError, CancelledError, DefinitionError, InputError, TransientError
from arcbook.core.notes import VARIABLE
from arcbook.reuse.keeping import Late
from arcbook.reuse.reuse import Reuse
from arcbook_magics.reusing import keep_for_resuming
from arcbook_magics.room import EngineRoom


class Waiting:
    """Views that wait. A stand-in for `Reuse`: which views wait, and why not, is tested with the real one."""

    def __init__(self, *lates: Late) -> None:
        self.waits = bool(lates)
        self._lates = lates

    def keep_waiting(self) -> Iterator[Late]:
        """What becomes of each."""
        return iter(self._lates)


def refused(view: str, why_not: str) -> Late:
    return Late(view, f"key of {view}", stored=False, why_not=why_not, trouble=True)


@pytest.mark.parametrize(
    ("error", "views", "opened"),
    [
        (InputError("gone"), ["a"], 1),
        (InputError("gone"), [], 0),  # the engine may not be there yet, or cannot be had
        (TransientError("lost"), ["a"], 0),
        (CancelledError("stopped"), ["a"], 0),
    ],
)
def test_the_engine_is_asked_only_for_views_that_wait(error: ArcbookError, views: list[str], opened: int) -> None:
    openings: list[int] = []

    def opener() -> Any:
        openings.append(1)
        raise DefinitionError("no engine")

    room = EngineRoom(opener)
    keep_for_resuming(room, cast("Reuse", Waiting(*(refused(view, "no") for view in views))), error)
    room.close()
    assert bool(openings) == bool(opened)


def test_reasons_are_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What became of each view, and each trouble with all the views that it kept from being stored."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "notes"))
    room = EngineRoom(lambda: cast("Any", SimpleNamespace(close=lambda: None)))
    large = Late("d", "key of d", stored=False, why_not="its input is large")
    lates = (refused("c", "no room"), refused("b", "refused"), large, Late("e", "key of e", stored=True))
    reuse = cast("Reuse", Waiting(*lates, refused("a", "no room")))
    keep_for_resuming(room, reuse, InputError("gone"))
    room.close()
    *kept, trouble = map(json.loads, (tmp_path / "notes").read_text(encoding="utf-8").splitlines())
    assert [(note["key"][-1], note["stored"], note["why_not"]) for note in kept] == [
        ("c", False, "no room"), ("b", False, "refused"), ("d", False, "its input is large"), ("e", True, ""),
        ("a", False, "no room"),
    ]  # fmt: skip
    assert trouble["text"] == "Not stored for resuming, which makes them again: `c`, `a`: no room; `b`: refused"
