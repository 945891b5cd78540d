"""Runs and plans tell a lineage server what they read and write, in events that the specification accepts."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from arcbook.events.build import JobFacts, RunFacts, run_event, run_uuid
from arcbook.events.send import Sender
from tests.events.receiver import Receiver, faults, receiving
from tests.runs.running import Ran, environment, wait_for_journal

SECRET = "hunter2-very-secret"
GATE = "%sqlvalidate name=gate environments=test\nSELECT {}, 'no rows for {}'"
JOB = (
    "%environment test",
    "%params\ndivisor: integer = 2\napi_key: secret",
    "{type: ParquetExtract, name: get, environments: [test], inputURI: in/orders.parquet, outputView: orders}",
    """%sql name=sums environments=test outputView=sums
SELECT customer, sum(amount) / :divisor AS total FROM orders WHERE state = 'paid' GROUP BY customer""",
    GATE.format("count(*) > 0", SECRET) + " FROM sums",
    "{type: DeltaLakeLoad, name: put, environments: [test], inputView: sums, outputURI: out/sums}",
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A lineage server."""
    with receiving() as found:
        yield found


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with orders and a job over them."""
    (tmp_path / "in").mkdir()
    rows = {"customer": ["a", "b"], "amount": [1.0, 2.0], "state": ["paid", "open"]}
    pyarrow.parquet.write_table(pyarrow.table(rows), tmp_path / "in" / "orders.parquet")
    write(tmp_path / "job.ipynb", *JOB)
    return tmp_path


def write(path: Path, *sources: str) -> None:
    """Write a notebook of code cells."""
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}
        for source in sources
    ]
    metadata = {"kernelspec": {"name": "arc", "display_name": "Arc", "language": "arc"}}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}))


def arcbook(folder: Path, *arguments: str, **variables: str) -> Ran:
    """Run the command in a folder."""
    done = subprocess.run(
        [sys.executable, "-m", "arcbook", *arguments],
        cwd=folder, env=environment() | variables, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout, done.stderr)


def input_fields(event: dict[str, Any], column: str) -> list[tuple[str, list[str]]]:
    """The input columns of a column of the event's one output, with the ways in which they take part."""
    fields = event["outputs"][0]["facets"]["columnLineage"]["fields"][column]["inputFields"]
    return [(each["field"], [way["subtype"] for way in each["transformations"]]) for each in fields]


def test_a_run_that_completes(here: Path, receiver: Receiver) -> None:
    """START and COMPLETE of the same run; datasets with schemas and the lineage of columns; no secret."""
    given = ["--logical-time", "2026-01-02T03:04:05", "-p", "api_key", SECRET]
    ran = arcbook(here, "run", "job.ipynb", *given, OPENLINEAGE_URL=receiver.url, OPENLINEAGE_NAMESPACE="shop")
    assert ran.code == 0, ran.err
    start, complete = receiver.events
    assert [each for event in receiver.events for each in faults(event)] == []
    assert (start["eventType"], complete["eventType"]) == ("START", "COMPLETE")
    record = json.loads(next((here / "runs" / "job").glob("*/record.json")).read_text())
    assert start["run"]["runId"] == complete["run"]["runId"] == run_uuid(record["run_id"])
    assert {(each["job"]["namespace"], each["job"]["name"]) for each in receiver.events} == {("shop", "job")}
    assert start["run"]["facets"]["nominalTime"]["nominalStartTime"] == "2026-01-02T03:04:05+00:00"
    assert "GROUP BY customer" in start["job"]["facets"]["sql"]["query"]
    assert "%params" in start["job"]["facets"]["sourceCode"]["sourceCode"]
    (given_in,), (put,) = complete["inputs"], complete["outputs"]
    assert (given_in["namespace"], given_in["name"]) == ("file", str(here / "in" / "orders.parquet"))
    assert [(each["name"], each["type"]) for each in given_in["facets"]["schema"]["fields"]] == [
        ("customer", "string"), ("amount", "double"), ("state", "string"),
    ]  # fmt: skip
    assert given_in["inputFacets"]["inputStatistics"]["size"] == (here / "in" / "orders.parquet").stat().st_size
    assert (put["namespace"], put["name"]) == ("file", str(here / "out" / "sums"))
    assert put["facets"]["storage"]["storageLayer"] == "delta"
    assert put["facets"]["lifecycleStateChange"]["lifecycleStateChange"] == "OVERWRITE"
    assert [(each["name"], each["type"]) for each in put["facets"]["schema"]["fields"]] == [
        ("customer", "string"), ("total", "double"),
    ]  # fmt: skip
    assert input_fields(complete, "customer") == [("customer", ["IDENTITY"])]
    assert input_fields(complete, "total") == [("amount", ["AGGREGATION"])]
    deciding = put["facets"]["columnLineage"]["dataset"]
    assert [(each["field"], each["transformations"][0]["subtype"]) for each in deciding] == [
        ("customer", "GROUP_BY"), ("state", "FILTER"),
    ]  # fmt: skip
    assert SECRET not in json.dumps(receiver.events)
    assert [each["name"] for each in start["outputs"]] == [put["name"]]


def test_runs_that_fail(here: Path, receiver: Receiver) -> None:
    """FAIL with the masked message of a gate, and of a job that is refused before it begins."""
    write(here / "job.ipynb", *JOB[:-2], GATE.format("count(*) > 9", SECRET) + " FROM sums")
    assert arcbook(here, "run", "job.ipynb", "-p", "api_key", SECRET, OPENLINEAGE_URL=receiver.url).code == 65
    assert (
        arcbook(
            here, "run", "job.ipynb", "-p", "divisor", "x", "-p", "api_key", SECRET, OPENLINEAGE_URL=receiver.url
        ).code
        == 64
    )
    assert [each["eventType"] for each in receiver.events] == ["START", "FAIL", "START", "FAIL"]
    assert [each for event in receiver.events for each in faults(event)] == []
    _, gate, _, refused = receiver.events
    assert "no rows for ****" in gate["run"]["facets"]["errorMessage"]["message"]
    assert "divisor" in refused["run"]["facets"]["errorMessage"]["message"]
    assert SECRET not in json.dumps(receiver.events)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_runs_that_are_stopped(number: signal.Signals, here: Path, receiver: Receiver) -> None:
    """ABORT, with what was to be read and written and the reason; also for the folder that the job belongs to."""
    sleep = "%python\nprint('at work', flush=True)\nimport time\ntime.sleep(600)"
    write(here / "etl" / "job.ipynb", *JOB[:-1], sleep, JOB[-1])
    command = [sys.executable, "-m", "arcbook", "run", "etl/job.ipynb" if number == signal.SIGTERM else "etl"]
    process = subprocess.Popen(
        [*command, "-p", "api_key", SECRET, "--cwd", str(here), "--record", str(here / "runs")],
        cwd=here, env=environment() | {"OPENLINEAGE_URL": receiver.url}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        wait_for_journal("at work", here / "runs", process)
        process.send_signal(number)
        shown, _ = process.communicate(timeout=240)
    finally:
        process.kill()
    assert process.returncode == 130, shown
    assert [each for event in receiver.events for each in faults(event)] == []
    start, abort = receiver.of("job")
    assert (start["eventType"], abort["eventType"]) == ("START", "ABORT")
    assert start["run"]["runId"] == abort["run"]["runId"]
    assert number.name in abort["run"]["facets"]["errorMessage"]["message"]
    assert [Path(each["name"]).name for each in (*abort["inputs"], *abort["outputs"])] == ["orders.parquet", "sums"]
    assert [each["eventType"] for each in receiver.of("etl")] == (["START", "ABORT"] if command[-1] == "etl" else [])
    assert not (here / "out").exists()
    assert SECRET not in json.dumps(receiver.events)


def test_a_folder_is_the_parent_of_its_jobs(here: Path, receiver: Receiver) -> None:
    """Its run has events of its own, and those of the jobs name it."""
    write(here / "etl" / "a.ipynb", "%environment test", "%sql name=v environments=test outputView=v\nSELECT 1 AS x")
    ran = arcbook(here, "run", "etl", OPENLINEAGE_URL=receiver.url)
    assert ran.code == 0, ran.err
    assert [(each["job"]["name"], each["eventType"]) for each in receiver.events] == [
        ("etl", "START"), ("a", "START"), ("a", "COMPLETE"), ("etl", "COMPLETE"),
    ]  # fmt: skip
    assert [each for event in receiver.events for each in faults(event)] == []
    parent = receiver.of("a")[0]["run"]["facets"]["parent"]
    assert parent["run"]["runId"] == receiver.of("etl")[0]["run"]["runId"]
    assert (parent["job"]["namespace"], parent["job"]["name"]) == ("arcbook", "etl")


def test_a_plan(here: Path, receiver: Receiver) -> None:
    """The event of a job without a run, with the same lineage."""
    ran = arcbook(here, "plan", "job.ipynb", "-p", "api_key", SECRET, OPENLINEAGE_URL=receiver.url)
    assert ran.code == 0, ran.out + ran.err
    (event,) = receiver.events
    assert faults(event) == []
    assert "run" not in event
    assert input_fields(event, "total") == [("amount", ["AGGREGATION"])]


@pytest.mark.parametrize("trouble", ["refused", "error", "nobody"])
def test_a_server_in_trouble(trouble: str, here: Path, receiver: Receiver) -> None:
    """The run completes as ever, and says once that events are lost."""
    receiver.answer = {"refused": 400, "error": 500}.get(trouble, 201)
    url = "http://127.0.0.1:9" if trouble == "nobody" else receiver.url
    config = here / "openlineage.yml"
    config.write_text(json.dumps({"transport": {"type": "http", "url": url, "timeout": 2, "retry": {"total": 1}}}))
    write(here / "job.ipynb", "%environment test", "%sql name=v environments=test outputView=v\nSELECT 1 AS x")
    ran = arcbook(here, "run", "job.ipynb")
    assert ran.code == 0, ran.err
    assert ran.err.count("OpenLineage") == 1, ran.err
    assert "Traceback" not in ran.err


def test_nobody_waits_twice(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event is tried three times, one behind it once: a dead server must not hold up every run."""
    receiver.answer = 503
    monkeypatch.setenv("OPENLINEAGE_URL", receiver.url)
    sender = Sender(str)
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    run = RunFacts(run_id="r", logical_time=moment, engine="embedded")
    job = JobFacts(namespace="n", name="j", sources=[], statements=[])
    tried = []
    for state in ("START", "COMPLETE"):
        sender.send(lambda state=state: run_event(state, moment, run, job, (), (), str, ""))  # type: ignore[misc]
        tried.append(len(receiver.events))
    sender.close()
    assert "could not be sent" in sender.trouble
    assert tried == [3, 4]


def test_a_file_and_the_console(here: Path) -> None:
    """Other transports, by the library's own configuration; off when nothing is configured, or when disabled."""
    write(here / "job.ipynb", "%environment test", "%sql name=v environments=test outputView=v\nSELECT 1 AS x")
    to_file = {"transport": {"type": "file", "log_file_path": str(here / "events.jsonl"), "append": True}}
    (here / "openlineage.yml").write_text(json.dumps(to_file))
    assert arcbook(here, "run", "job.ipynb").code == 0
    events = [json.loads(line) for line in (here / "events.jsonl").read_text().splitlines()]
    assert [each["eventType"] for each in events] == ["START", "COMPLETE"]
    assert [each for event in events for each in faults(event)] == []
    assert arcbook(here, "run", "job.ipynb", OPENLINEAGE_DISABLED="true").code == 0
    assert len((here / "events.jsonl").read_text().splitlines()) == 2
    (here / "openlineage.yml").unlink()
    ran = arcbook(here, "run", "job.ipynb", OPENLINEAGE__TRANSPORT__TYPE="console")
    assert ran.err.count('"eventType"') == 2, ran.err
