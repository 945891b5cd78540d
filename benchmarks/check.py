"""How long `arcbook check` takes on a job of 1,000 stages, and how the time grows up to 20,000."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

FEW = 10
SIZES = (1_000, 5_000, 20_000)


def main() -> None:
    """Print the command's seconds for each size: whole, without its start, and how a stage's share grows."""
    start = command_seconds(FEW)
    print(f"`arcbook check` on {FEW} stages, which is nearly all start  {start:7.3f} s")
    base = 0.0
    for size in SIZES:
        seconds = command_seconds(size) - start
        base = base or seconds / size
        print(
            f"`arcbook check` on {size:>6} stages ({len(job_text(size)) / 1e6:4.1f} MB), without the start  "
            f"{seconds:7.3f} s   {seconds / size / base:5.2f} x a stage of the smallest job"
        )


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


def command_seconds(stages: int) -> float:
    """Wall time of the command on a job of so many stages, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        job = Path(folder) / "job.json"
        job.write_text(job_text(stages), encoding="utf-8")
        command = [str(Path(sys.executable).parent / "arcbook"), "check", str(job), "--environment", "test"]
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
