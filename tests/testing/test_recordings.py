"""Tests recorded from stages: few rows, masked, and they pass when they are run."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcbook.cells.hocon import read_objects
from arcbook.cells.notebook import read_job
from arcbook.core.failures import ArcbookError, DefinitionError
from arcbook.core.masking import masker
from arcbook.core.settings import RunSettings
from arcbook.engines.base import Engine
from arcbook.runners.executor import Executor
from arcbook.testing.recording.inputs import given_by
from arcbook.testing.recording.masks import Mask
from arcbook.testing.recording.record import RecordedTest, Wish, inputs_of, record_test, the_step
from arcbook.testing.recording.smaller import smallest
from arcbook.testing.run import checked_steps, run_file

CASES = yaml.safe_load((Path(__file__).parent / "data" / "recordings.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def scratch(new_engine: Callable[[str], Engine]) -> Iterator[Engine]:
    """An engine that nothing else uses."""
    engine = new_engine("embedded")
    yield engine
    engine.close()


def record(case: dict[str, Any], engine: Engine, scratch: Engine, folder: Path, **more: Any) -> RecordedTest:
    """Run the job up to the stage, and record it."""
    job = folder / "job.json"
    stages = [{**tree.value, "environments": ["test"]} for tree in read_objects(case["stages"])]
    job.write_text(json.dumps({"stages": stages}), encoding="utf-8")
    wish = Wish(
        notebook=job, stage=tuple(case["stage"]), failure=case.get("failure", ""), environment="test",
        unmasked=tuple(case.get("unmasked", ())), **more,
    )  # fmt: skip
    read = read_job(str(job))
    settings = RunSettings(environment="test")
    steps = checked_steps(read, settings, read.declarations.bind({}))
    executor = Executor(engine, settings)
    try:
        with suppress(ArcbookError):
            for step in steps:
                executor.execute(step, {})
        rows = given_by(inputs_of(the_step(steps, wish)), executor.session({}))
        return record_test(wish, rows, scratch)
    finally:
        for view in executor.session({}).views:
            engine.spark().catalog.dropTempView(view.name)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_recorded_test(case: dict[str, Any], embedded_engine: Engine, scratch: Engine, tmp_path: Path) -> None:
    """It has few rows, says nothing of those it was made of, and passes; or nothing is written, and the reason said."""
    if "error" in case:
        with pytest.raises(DefinitionError) as caught:
            record(case, embedded_engine, scratch, tmp_path)
        assert case["error"] in caught.value.message
        assert not (tmp_path / "job.test.yaml").exists()
        return
    recorded = record(case, embedded_engine, scratch, tmp_path)
    assert recorded.after <= case["most"]
    assert set(recorded.kept) <= set(case.get("kept_some_of", ()))
    text = recorded.file.read_text(encoding="utf-8")
    body = text.partition("given:")[2]
    assert [each for each in case.get("hidden", ()) if each in body] == []
    assert [each for each in case.get("there", ()) if each not in body] == []
    (verdict,) = run_file(recorded.file, embedded_engine)
    assert verdict.passed, verdict.faults


@pytest.mark.local
def test_a_test_recorded_on_local_passes_on_embedded(
    local_engine: Engine, embedded_engine: Engine, new_engine: Callable[[str], Engine], tmp_path: Path
) -> None:
    """And the other way round: what is written is no engine's own."""
    recorded = record(CASES[1], local_engine, new_engine("local"), tmp_path, tries=4)
    for engine in (embedded_engine, local_engine):
        (verdict,) = run_file(recorded.file, engine)
        assert verdict.passed, verdict.faults


def test_a_second_one_joins_the_first(embedded_engine: Engine, scratch: Engine, tmp_path: Path) -> None:
    """What the file held stays, comments too; a name that is taken gets a number."""
    first = record(CASES[0], embedded_engine, scratch, tmp_path)
    text = first.file.read_text(encoding="utf-8").replace("tests:", "# by hand\ntests:")
    first.file.write_text(text, encoding="utf-8")
    second = record(CASES[0], embedded_engine, scratch, tmp_path)
    assert second.name == f"{first.name} 2"
    assert second.file.read_text(encoding="utf-8").startswith(text.rstrip())
    assert [verdict.passed for verdict in run_file(first.file, embedded_engine)] == [True, True]


def test_a_file_that_cannot_be_added_to_stays_as_it_is(
    embedded_engine: Engine, scratch: Engine, tmp_path: Path
) -> None:
    """`tests` is not its last key."""
    file = tmp_path / "job.test.yaml"
    file.write_text("tests: [{name: a, fails: {failure: quality}}]\nenvironment: test\n", encoding="utf-8")
    before = file.read_text(encoding="utf-8")
    with pytest.raises(DefinitionError, match="`tests` is the last key"):
        record(CASES[0], embedded_engine, scratch, tmp_path)
    assert file.read_text(encoding="utf-8") == before


def test_secrets_are_never_written(embedded_engine: Engine, scratch: Engine, tmp_path: Path) -> None:
    """Not even from a column that may be shown."""
    masker().add("Eve5")
    recorded = record({**CASES[5]}, embedded_engine, scratch, tmp_path, tries=0)
    text = recorded.file.read_text(encoding="utf-8")
    assert "Eve4" in text
    assert "Eve5" not in text


def test_masks_keep_forms_and_joins() -> None:
    """Equal values stay equal, different ones different; lengths, kinds of characters, types and ranges stay."""
    mask = Mask(known=["paid"])
    texts = ["Ann-7", "ann", "Zoë", "漢字", "2026-01-31", "31.12.2025 10:00", "", "paid", "0070"]
    masked = [mask.text(text) for text in texts]
    assert [mask.text(text) for text in texts] == masked
    assert [len(text) for text in masked] == [len(text) for text in texts]
    assert (masked[6], masked[7]) == ("", "paid")
    assert masked[0][0].isupper()
    assert masked[0][3] == "-"
    assert masked[8].startswith("00")
    assert len({mask.number(number) for number in range(100, 1100)}) == 1000
    assert all(abs(mask.number(number)) <= abs(number) for number in (127, -128, 32767, 2**31 - 1, -(2**63)))
    assert [mask.number(number) for number in (0, 5, -9)] == [0, 5, -9]


def test_as_few_as_possible_within_the_tries() -> None:
    """The two that matter are found among hundreds; without tries all stay."""
    asked: list[int] = []

    def holds(some: Sequence[int]) -> bool:
        asked.append(len(some))
        return {3, 250} <= set(some)

    assert smallest(range(300), holds, 200) == [3, 250]
    assert len(asked) <= 200
    assert len(smallest(range(300), holds, 0)) == 300
