"""How many rows a load of files wrote, as far as that is known without reading them again."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from arcbook.core.addresses import is_s3, within_s3
from arcbook.runners.reading.scan import filesystem_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Of more files than this the footers are not read: on S3 each costs a request or two.
MOST_FOOTERS = 500
_AT_ONCE = 8


def rows_in_footers(files: Sequence[str]) -> int | None:
    """The rows of Parquet files by their footers; None when there are many files, or one cannot be read any more."""
    if not files or len(files) > MOST_FOOTERS:
        return 0 if not files else None
    import pyarrow.parquet as pq

    system = filesystem_of(files[0])

    def rows_of(file: str) -> int:
        return int(pq.read_metadata(within_s3(file) if is_s3(file) else file, filesystem=system).num_rows)

    # The rows are written: that nobody can count them is no failure of the load.
    with suppress(OSError, ValueError), ThreadPoolExecutor(min(_AT_ONCE, len(files))) as pool:
        return sum(pool.map(rows_of, files))
    return None


def counting(frame: "DataFrame") -> tuple["DataFrame", Callable[[], int | None]]:
    """The frame with its rows counted while Spark writes them; the second part tells the number afterwards."""
    from pyspark.errors import PySparkException
    from pyspark.sql import Observation, functions

    observation = Observation()
    observed = frame.observe(observation, functions.count(functions.lit(1)).alias("rows"))

    def told() -> int | None:
        with suppress(PySparkException, KeyError):
            return int(observation.get["rows"])
        return None

    return observed, told
