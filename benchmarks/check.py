"""How long `arcbook check` takes on a job of 500 stages, and how the time grows with the number of stages."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from arcbook.cells.notebook import document_job
from arcbook.cells.plan import Context, check_job
from arcbook.core.settings import RunSettings
from arcbook.stages.registry import stage_types

STAGES = 500
SIZES = (500, 1_000, 2_000, 4_000)


def main() -> None:
    """Print seconds for the job of 500 stages, as a command and without the interpreter's start, then the growth."""
    stage_types()  # importing pydantic's models is start-up, not checking
    check(job_text(10))
    base = 0.0
    for size in SIZES:
        text = job_text(size)
        started = time.perf_counter()
        stages = check(text)
        seconds = time.perf_counter() - started
        base = base or seconds / size
        print(
            f"read and check {stages:>5} stages ({len(text) / 1e6:.1f} MB)  {seconds:7.3f} s   "
            f"{seconds / size / base:5.2f} x a stage of the smallest job"
        )
    print(f"`arcbook check` on {STAGES} stages, whole process  {command_seconds():7.3f} s")


def check(text: str) -> int:
    """Read and check a job; the number of its sound stages."""
    report = check_job(document_job(text, "job.json"), Context(settings=RunSettings(environment="test"), complete=True))
    if errors := [each for each in report.problems if each.severity == "error"]:
        raise SystemExit("\n".join(map(str, errors[:5])))
    return len(report.steps)


def job_text(stages: int) -> str:
    """A job of which every second stage is a statement of ordinary size over the views before it."""
    return '{\n  "common": {"environments": ["test"]},\n  "stages": [\n' + ",\n".join(_stages(stages)) + "\n  ]\n}\n"


def _stages(count: int) -> Iterator[str]:
    for number in range(0, count, 2):
        yield f"""    {{
      "type": "DelimitedExtract",
      "name": "extract file {number}",
      "environments": ${{common.environments}},
      "inputURI": "s3a://bucket/"${{common.environments}}"/input/{number}/*.csv",
      "outputView": "raw_{number}",
      "delimiter": "Comma",
      "header": true,
      "authentication": {{"method": "AmazonIAM"}}
    }}""".replace('/"${common.environments}"/', "/")
        if number + 1 < count:
            previous = f"LEFT JOIN shaped_{number - 2} AS p ON p.id = r.id" if number else ""
            yield f"""    {{
      "type": "SQLTransform",
      "name": "shape file {number}",
      "environments": ${{common.environments}},
      "sql": \"\"\"
        SELECT
          CAST(r.id AS INT) AS id, TRIM(r.name) AS name, UPPER(r.state) AS state,
          CASE WHEN r.amount IS NULL THEN 0 ELSE CAST(r.amount AS DECIMAL(12, 2)) END AS amount,
          TO_DATE(r.joined, 'dd/MM/yyyy') AS joined, ROW_NUMBER() OVER (PARTITION BY r.id ORDER BY r.joined) AS version
        FROM raw_{number} AS r
        {previous}
        WHERE r.id IS NOT NULL AND r.state IN ('ACT', 'NSW', '${{region}}')
      \"\"\",
      "sqlParams": {{"region": "VIC"}},
      "outputView": "shaped_{number}",
      "persist": false
    }}"""


def command_seconds() -> float:
    """Wall time of the command on a file, in a process of its own."""
    import subprocess
    import sys

    with tempfile.TemporaryDirectory() as folder:
        job = Path(folder) / "job.json"
        job.write_text(job_text(STAGES), encoding="utf-8")
        command = [str(Path(sys.executable).parent / "arcbook"), "check", str(job), "--environment", "test"]
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
