"""Where `persist` keeps rows."""

import pytest

from arcbook.core.launch import STORAGE_LEVELS
from arcbook.core.settings import RunSettings
from arcbook.engines.base import Engine
from arcbook.runners.executor import Executor
from arcbook.runners.views import storage_level
from tests.kernel.running import run_text


@pytest.mark.parametrize("name", STORAGE_LEVELS)
def test_levels_mean_what_their_names_say(name: str) -> None:
    """In Spark's own words."""
    words = str(storage_level(name))
    assert ("Disk" in words, "Memory" in words) == ("DISK" in name, "MEMORY" in name)
    assert ("Deserialized" in words) == ("MEMORY" in name and "SER" not in name)
    assert words.startswith(f"{'Disk ' if 'DISK' in name else ''}")
    assert words.endswith(f"{2 if name.endswith('_2') else 1}x Replicated")


@pytest.mark.local
def test_the_chosen_level_is_used(local_engine: Engine) -> None:
    """By an engine that can persist."""
    executor = Executor(local_engine, RunSettings(storage_level="DISK_ONLY"))
    text = '{"type": "SQLTransform", "name": "q", "outputView": "kept", "persist": true, "sql": "SELECT 1 AS i"}'
    frame = run_text(executor, text).frame
    assert frame is not None
    assert frame.storageLevel == storage_level("DISK_ONLY")
    frame.unpersist()
    local_engine.spark().catalog.dropTempView("kept")
