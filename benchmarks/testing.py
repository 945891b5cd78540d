"""How long 30 tests of a job take on one warm engine, beside one `SELECT` a test on the same engine."""

import tempfile
import time
from pathlib import Path

from arcbook.engines.open import open_engine
from arcbook.testing.run import run_file

TESTS = 30
JOB = """{"stages": [
  {"type": "SQLTransform", "name": "a", "environments": ["test"], "outputView": "a",
   "sql": "SELECT id, amount * 2 AS twice FROM raw"},
  {"type": "SQLValidate", "name": "g", "environments": ["test"], "sql": "SELECT COUNT(*) > 0, 'none' FROM a"},
  {"type": "SQLTransform", "name": "b", "environments": ["test"], "outputView": "b",
   "sql": "SELECT SUM(twice) AS total FROM a"}
]}"""
TEST = "  - {{name: t{0}, given: {{raw: [{{id: 1, amount: {0}}}]}}, expect: {{b: [{{total: {1}}}]}}}}"


def main() -> None:
    """Print seconds for all tests, and what as many bare statements take."""
    engine = open_engine("embedded")
    try:
        spark = engine.spark()
        spark.sql("SELECT 1").collect()
        started = time.perf_counter()
        for number in range(TESTS):
            spark.sql(f"SELECT {number}").collect()
        bare = time.perf_counter() - started
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "job.json").write_text(JOB, encoding="utf-8")
            file = Path(folder, "job.test.yaml")
            tests = "\n".join(TEST.format(number, 2 * number) for number in range(TESTS))
            file.write_text(f"environment: test\ntests:\n{tests}\n", encoding="utf-8")
            started = time.perf_counter()
            verdicts = list(run_file(file, engine))
            seconds = time.perf_counter() - started
        if failed := [verdict for verdict in verdicts if not verdict.passed]:
            raise SystemExit(str(failed[0].faults))
        print(f"{TESTS} tests {seconds:.2f} s, as many bare statements {bare:.2f} s: {seconds / bare:.1f} x")
    finally:
        engine.close()


if __name__ == "__main__":
    main()
