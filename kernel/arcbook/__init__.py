"""arcbook: SQL-first ETL notebooks that run interactively on Spark and are promoted, unchanged, to scheduled jobs."""
