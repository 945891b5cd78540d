"""JDBCExecute against moto's Athena API, which runs no SQL, and against a PostgreSQL server of our own."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from arcbook.core.failures import ArcbookError, DefinitionError
from arcbook.core.settings import RunSettings
from arcbook.engines.base import Engine
from arcbook.runners.executor import Executor
from tests.kernel.running import run_text

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@pytest.fixture
def embedded(embedded_engine: Engine) -> Executor:
    """These stages do not touch the engine, so one is enough."""
    return Executor(embedded_engine, RunSettings())


def test_athena_is_sent_the_statement(embedded: Executor, s3_bucket: str) -> None:
    """moto's API keeps the statement, database, work group and place for results as they were sent."""
    client = boto3.client("athena")
    client.create_work_group(Name="etl", Configuration={})
    url = f"jdbc:awsathena://AwsRegion=us-east-1;S3OutputLocation=s3://{s3_bucket}/results;Workgroup=etl;Schema=lake"
    text = f'{{"type": "JDBCExecute", "name": "x", "jdbcURL": "{url}", "sqlParams": {{"t": "contacts"}}, '
    result = run_text(embedded, text + '"sql": "CREATE EXTERNAL TABLE ${t} (i int)"}')
    sent = client.get_query_execution(QueryExecutionId=result.details["queryExecutionId"])["QueryExecution"]
    assert sent["Query"] == "CREATE EXTERNAL TABLE contacts (i int)"
    assert sent["WorkGroup"] == "etl"
    assert sent["QueryExecutionContext"]["Database"] == "lake"
    assert sent["ResultConfiguration"]["OutputLocation"].startswith(f"s3://{s3_bucket}/results")


def test_athena_needs_a_place_for_results(embedded: Executor, moto_server: str) -> None:
    """Athena's own answer would come late and say less."""
    url = "jdbc:awsathena://AwsRegion=us-east-1"
    with pytest.raises(DefinitionError, match="S3OutputLocation"):
        run_text(embedded, f'{{"type": "JDBCExecute", "name": "x", "jdbcURL": "{url}", "sql": "SELECT 1"}}')


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The JDBC address of a private server on the loopback address, without the credentials."""
    if not BINARIES:
        pytest.skip("no PostgreSQL server on this machine")
    folder = Path(str(tmp_path_factory.mktemp("postgres")))
    data, port = folder / "data", 40_000 + os.getpid() % 20_000
    as_user: list[str] = []
    if os.geteuid() == 0:  # the server refuses to run as root
        as_user = ["runuser", "-u", "postgres", "--"]
        for each in (folder, *folder.parents[:2]):
            each.chmod(0o755)
        shutil.chown(folder, "postgres", "postgres")
    secret = folder / "password"
    secret.write_text("hunter2hunter2", encoding="utf-8")
    secret.chmod(0o644)
    control = [*as_user, str(BINARIES[-1] / "pg_ctl"), "-D", str(data)]
    initdb = [*as_user, str(BINARIES[-1] / "initdb"), "-D", str(data), "-U", "arc", "-A", "scram-sha-256"]
    subprocess.run([*initdb, "--pwfile", str(secret)], check=True, capture_output=True, cwd=folder)
    options = f"-p {port} -h 127.0.0.1 -k {folder}"
    start = [*control, "-o", options, "-l", str(folder / "log"), "-w", "start"]
    subprocess.run(start, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
    yield f"jdbc:postgresql://127.0.0.1:{port}/postgres"
    subprocess.run([*control, "-m", "fast", "-w", "stop"], check=True, capture_output=True, cwd=folder)


def _statement(url: str, sql: str, password: str = "hunter2hunter2") -> str:  # of the server above
    return (
        f'{{"type": "JDBCExecute", "name": "x", "jdbcURL": "{url}", "user": "arc", "password": "{password}", '
        f'"sql": "{sql}"}}'
    )


@pytest.mark.postgres
def test_postgresql_runs_and_commits(embedded: Executor, postgres: str) -> None:
    """Statements take effect, and say how many rows they changed."""
    run_text(embedded, _statement(postgres, "CREATE TABLE t (i int)"))
    result = run_text(embedded, _statement(postgres, "INSERT INTO t VALUES (1), (2), (100 % 7)"))
    assert result.details["rowsAffected"] == 3
    assert run_text(embedded, _statement(postgres, "DELETE FROM t WHERE i = 2")).details["rowsAffected"] == 2


@pytest.mark.postgres
def test_postgresql_fault(embedded: Executor, postgres: str) -> None:
    """The database's reason is kept."""
    with pytest.raises(DefinitionError, match="nothere"):
        run_text(embedded, _statement(postgres, "DELETE FROM nothere"))


@pytest.mark.postgres
def test_wrong_password_is_not_shown(embedded: Executor, postgres: str) -> None:
    """Neither error nor details tell the password."""
    with pytest.raises(ArcbookError) as caught:
        run_text(embedded, _statement(postgres, "SELECT 1", password="wrongwrong1"))  # meant to be wrong
    assert caught.value.failure_name == "access"
    assert "wrongwrong1" not in caught.value.message + caught.value.detail
    result = run_text(embedded, _statement(postgres + "?application_name=a", "SELECT 1"))
    assert "hunter2" not in str(result.details)
