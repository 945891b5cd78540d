"""The contacts job written by hand on bare Sail, as somebody without arcbook would: the yardstick of scd2.py.

Usage: python _scd2_by_hand.py FOLDER
"""

import sys

from pysail.spark import SparkConnectServer
from pyspark.sql import SparkSession

TYPED = """
SELECT CAST(id AS INT) AS id, name, email, state, phone, CAST(credit_limit AS DECIMAL(12, 2)) AS credit_limit,
       MAKE_DATE(CAST(SUBSTR(joined, 7, 4) AS INT), CAST(SUBSTR(joined, 4, 2) AS INT),
                 CAST(SUBSTR(joined, 1, 2) AS INT)) AS joined
FROM {view}
"""
SAME = """
c.name <=> {u}.name AND c.email <=> {u}.email AND c.state <=> {u}.state AND c.phone <=> {u}.phone
AND c.credit_limit <=> {u}.credit_limit AND c.joined <=> {u}.joined
"""


def main(folder: str) -> None:
    """Both loads, the merge and the three counts."""
    server = SparkConnectServer()
    server.start(background=True)
    _, port = server.listening_address
    spark = SparkSession.builder.remote(f"sc://localhost:{port}").getOrCreate()
    table = f"{folder}/by_hand"
    for name in ("initial", "update"):
        spark.read.csv(f"{folder}/input/contacts_{name}.csv", header=True).createOrReplaceTempView(f"{name}_raw")
        spark.sql(TYPED.format(view=f"{name}_raw")).createOrReplaceTempView(name)
    first = spark.sql(
        "SELECT *, TIMESTAMP '2026-01-01 00:00:00' AS valid_from, CAST(NULL AS TIMESTAMP) AS valid_to, "
        "TRUE AS is_current FROM initial"
    )
    first.write.format("delta").mode("overwrite").save(table)
    spark.read.format("delta").load(table).createOrReplaceTempView("contacts")
    spark.sql(f"""
        SELECT u.id AS merge_key, u.* FROM update u
        UNION ALL
        SELECT CAST(NULL AS INT), u.* FROM update u JOIN contacts c ON c.id = u.id AND c.is_current
        WHERE NOT ({SAME.format(u="u")})
    """).createOrReplaceTempView("staged")
    spark.sql(f"""
        MERGE INTO delta.`{table}` AS c USING staged AS s ON c.id = s.merge_key AND c.is_current
        WHEN MATCHED AND NOT ({SAME.format(u="s")})
          THEN UPDATE SET is_current = FALSE, valid_to = TIMESTAMP '2026-11-23 08:00:00'
        WHEN NOT MATCHED
          THEN INSERT (id, name, email, state, phone, credit_limit, joined, valid_from, valid_to, is_current)
          VALUES (s.id, s.name, s.email, s.state, s.phone, s.credit_limit, s.joined,
                  TIMESTAMP '2026-11-23 08:00:00', NULL, TRUE)
    """).collect()
    counts = spark.sql(f"SELECT COUNT(*), COUNT_IF(NOT is_current) FROM delta.`{table}`").collect()[0]
    if tuple(counts) != (1192, 92):
        raise SystemExit(f"wrong history: {counts}")
    # In this order: a client that outlives its server waits for it for a minute.
    spark.stop()
    server.stop()


if __name__ == "__main__":
    main(sys.argv[1])
