"""What engines offer and stages need. A gap is found by `check`, never half-way through a run."""

from collections.abc import Mapping
from types import MappingProxyType

CAPABILITIES: Mapping[str, str] = MappingProxyType(
    {
        "delta": "Delta Lake tables",
        "s3": "object storage at s3://",
        "persist": "keeping a view's rows in memory",
        "input-file-name": "the source file of a row",
        "orc": "ORC files",
        "avro-write": "writing Avro files",
        "jdbc": "databases through JDBC",
        "kafka": "Kafka topics",
        "streaming": "streaming queries",
        "ml": "Spark ML models",
        "image": "image files",
        "java-regex": "regular expressions that look around or back",
    }
)

ENGINE_CAPABILITIES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "embedded": frozenset({"delta", "s3"}),
        "local": frozenset(CAPABILITIES) - {"kafka"},
    }
)
