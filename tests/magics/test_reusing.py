"""What a kernel does for the resuming of a run that fails."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from arcbook.core.failures import ArcbookError, CancelledError, DefinitionError, InputError, TransientError
from arcbook.core.notes import VARIABLE
from arcbook.reuse.reuse import Reuse
from arcbook_magics.reusing import keep_for_resuming
from arcbook_magics.room import EngineRoom


class Waiting:
    """Views that wait. A stand-in for `Reuse`: which views wait, and why not, is tested with the real one."""

    def __init__(self, **why_not: str) -> None:
        self.waits = bool(why_not)
        self._why_not = why_not

    def keep_waiting(self) -> dict[str, str]:
        """Why, for each that is not stored."""
        return self._why_not


@pytest.mark.parametrize(
    ("error", "why_not", "opened"),
    [
        (InputError("gone"), {"a": "no"}, 1),
        (InputError("gone"), {}, 0),  # the engine may not be there yet, or cannot be had
        (TransientError("lost"), {"a": "no"}, 0),
        (CancelledError("stopped"), {"a": "no"}, 0),
    ],
)
def test_the_engine_is_asked_only_for_views_that_wait(
    error: ArcbookError, why_not: dict[str, str], opened: int
) -> None:
    openings: list[int] = []

    def opener() -> Any:
        openings.append(1)
        raise DefinitionError("no engine")

    room = EngineRoom(opener)
    keep_for_resuming(room, cast("Reuse", Waiting(**why_not)), error)
    room.close()
    assert bool(openings) == bool(opened)


def test_reasons_are_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with all the views that it keeps from being stored."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "notes"))
    room = EngineRoom(lambda: cast("Any", SimpleNamespace(close=lambda: None)))
    reuse = cast("Reuse", Waiting(c="its input is large", b="refused", a="its input is large"))
    keep_for_resuming(room, reuse, InputError("gone"))
    room.close()
    (line,) = (tmp_path / "notes").read_text(encoding="utf-8").splitlines()
    told = "Not stored for resuming, which makes them again: `c`, `a`: its input is large; `b`: refused"
    assert json.loads(line)["text"] == told
