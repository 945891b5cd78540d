"""OpenLineage events of runs and plans, sent by the library's own transports when the user has configured one."""
