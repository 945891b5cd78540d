"""Running SQL with bound parameters, the same on every engine."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from arcbook.sql.placeholders import named_parameters
from arcbook.sql.quote import literal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def run_sql(spark: "SparkSession", engine: str, text: str, arguments: Mapping[str, Any]) -> "DataFrame":
    """`spark.sql(text, args=arguments)` where that works.

    On Spark 4.1 the parser that Delta Lake 4.4 puts in front of Spark's drops the arguments without a word, so that
    every statement with `:name` fails as unbound. There each `:name` is replaced by the literal of its value, which
    our own reader finds and our own writer quotes: a value can never become part of the statement.
    """
    if not arguments or engine == "embedded":
        return spark.sql(text, args=dict(arguments) or None)
    for parameter in reversed(named_parameters(text)):
        if parameter.name in arguments:
            text = f"{text[: parameter.start]}{literal(arguments[parameter.name])}{text[parameter.end :]}"
    return spark.sql(text)
