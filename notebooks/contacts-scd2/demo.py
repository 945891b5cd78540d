"""Run the contacts job as a scheduler would, on the embedded engine, and show what it left.

Papermill executes the notebook in the `arc` kernel. AWS is played by moto on the loopback interface, so that the last
stage publishes its table to "Athena" without an account.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deltalake import DeltaTable, QueryBuilder
from generate import generate

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NOTEBOOK = HERE / "contacts_scd2.ipynb"
BIN = Path(sys.executable).parent
#: What the examples are promoted with, here and for their expected manifests. Promotion wants an image by digest; this
#: one stands for the image that the pipeline builds.
PROMOTION = (
    "--environment", "prod", "--schedule", "0 3 * * *", "--timezone", "Asia/Seoul",
    "--image", "arcbook.example/arcbook@sha256:" + "0" * 64,
)  # fmt: skip


def main() -> int:
    """Generate, run, promote, report; returns the first failing command's exit code."""
    build = ROOT / "build" / "demo"
    print(f"[demo] generating contacts in {relative(build)}/input")
    outcome = generate(build)
    with aws_environment() as environment:
        print("[demo] running the notebook through papermill on the embedded engine")
        started = time.monotonic()
        executed = build / "contacts_scd2.executed.ipynb"
        # The notebook's own default is `dev`, which does not publish the table.
        environment |= {"ETL_CONF_ENV": "test"}
        code = run("papermill", NOTEBOOK, executed, "-k", "arc", "-r", "datalake", build, env=environment)
        seconds = time.monotonic() - started
        if code:
            return code
    print("[demo] promoting the notebook to Argo")
    manifests = build / "manifests"
    code = run("arcbook", "promote", NOTEBOOK, *PROMOTION, "--out", manifests, quiet=True)
    if code:
        return code
    counts = count(build / "tables" / "contacts")
    report(build, executed, manifests, seconds, counts)
    expected = {"total": outcome.rows, "current": outcome.current, "expired": outcome.expired}
    if counts != expected:
        print(f"[demo] the counts should have been {expected}")
        return 1
    return 0


def count(table: Path) -> dict[str, int]:
    """Read the history with another Delta implementation than the one that wrote it."""
    # Not by `to_pyarrow_table`: its readers may still be at work when the interpreter ends, which aborts the process.
    counted = (
        QueryBuilder()
        .register("contacts", DeltaTable(str(table)))
        .execute(
            "SELECT count(*), count(*) FILTER (WHERE is_current), count(*) FILTER (WHERE NOT is_current) FROM contacts"
        )
    )
    row = counted.read_all().to_batches()[0]
    return {name: column[0].as_py() for name, column in zip(("total", "current", "expired"), row.columns, strict=True)}


def report(build: Path, executed: Path, manifests: Path, seconds: float, counts: dict[str, int]) -> None:
    """Print what was produced and where."""
    records = sorted((build / "runs").glob("*/*/record.json"))
    print(f"\nThe run took {seconds:.1f} s. The history holds {counts['total']} rows:")
    print(f"  {counts['current']} current, {counts['expired']} expired\n")
    for label, path in [
        ("table", build / "tables" / "contacts"),
        ("executed notebook", executed),
        ("record", records[-1].parent if records else build / "runs"),
        ("manifests", manifests),
    ]:
        print(f"  {label:<18} {relative(path)}")
    print("\nNext: .venv/bin/jupyter lab notebooks/contacts-scd2/contacts_scd2.ipynb")


def run(program: str, *arguments: str | Path, quiet: bool = False, env: dict[str, str] | None = None) -> int:
    """Run one of the installed commands; its records go beside the demo's other results."""
    environment = (env or dict(os.environ)) | {"ARCBOOK_RECORD": str(ROOT / "build" / "demo" / "runs")}
    command = [str(BIN / program), *map(str, arguments)]
    return subprocess.run(
        command, env=environment, stdout=subprocess.DEVNULL if quiet else None, check=False
    ).returncode


@contextmanager
def aws_environment() -> Iterator[dict[str, str]]:
    """This process's environment with moto, the stand-in for AWS, in AWS's place: a server on a free loopback port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [str(BIN / "moto_server"), "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await_port(port, server)
        yield os.environ | {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": "us-east-1",
        }
    finally:
        server.terminate()
        server.wait(10)


def await_port(port: int, server: "subprocess.Popen[bytes]") -> None:
    """Return once something listens on the port; a server that ends instead is an error."""
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if server.poll() is not None:
            raise SystemExit(f"[demo] moto_server ended with exit code {server.returncode}")
        time.sleep(0.05)


def relative(path: Path) -> Path:
    """The path as seen from the repository, for printing."""
    return path.relative_to(ROOT)


if __name__ == "__main__":
    sys.exit(main())
