"""JDBCExecute."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from arcbook.core.failures import DefinitionError
from arcbook.core.masking import mask_url
from arcbook.engines.session import Session
from arcbook.runners.athena import execute_in_athena
from arcbook.runners.base import Result, run
from arcbook.sql.placeholders import substitute
from arcbook.stages.execute.jdbc import JDBCExecute


@dataclass(frozen=True, slots=True)
class Database:
    """Where to connect: the address without `jdbc:`, and the connection's properties."""

    address: str
    properties: Mapping[str, str]


@run.register
def run_jdbc_execute(stage: JDBCExecute, session: Session) -> Result:
    """Send the statement; the details hold it as sent, and the address without its password."""
    if not stage.sql:
        raise DefinitionError("The stage has no statement: give `sql`, or `inputURI` with a file's address.")
    statement = substitute(stage.sql, stage.sql_params).text
    address = stage.jdbc_url.removeprefix("jdbc:")
    given = {"user": stage.user, "password": stage.password.get_secret_value() if stage.password else None}
    database = Database(address, {key: text for key, text in given.items() if text is not None} | dict(stage.params))
    details = _SENDERS[address.partition(":")[0]](database, statement)
    return Result(details={"sql": statement, "jdbcURL": mask_url(stage.jdbc_url), **details})


def _athena(database: Database, statement: str) -> Mapping[str, Any]:
    head, *pairs = database.address.removeprefix("awsathena:").removeprefix("//").split(";")
    # The part before the first semicolon is a host in some drivers' addresses, a property in others'.
    properties = dict(pair.split("=", 1) for pair in (head, *pairs) if "=" in pair)
    return execute_in_athena(statement, {**properties, **database.properties})


def _postgresql(database: Database, statement: str) -> Mapping[str, Any]:
    try:
        import psycopg
    except ImportError:
        raise DefinitionError("PostgreSQL needs its Python driver: pip install 'arcbook[postgres]'.") from None
    parts = urlsplit(database.address)
    options: dict[str, Any] = {
        "host": parts.hostname,
        "port": parts.port,
        "dbname": unquote(parts.path.removeprefix("/")) or None,
        "user": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        **dict(parse_qsl(parts.query)),
        **database.properties,
    }
    with (
        closing(psycopg.connect(**{key: value for key, value in options.items() if value is not None})) as connection,
        connection,
    ):
        # As bytes: the statement is the user's whole text, nothing in it is a placeholder of the driver's.
        cursor = connection.execute(statement.encode())
        return {"rowsAffected": cursor.rowcount} if cursor.rowcount >= 0 else {}


def _sqlite(database: Database, statement: str) -> Mapping[str, Any]:
    import sqlite3

    with closing(sqlite3.connect(database.address.removeprefix("sqlite:"))) as connection, connection:
        try:
            cursor = connection.execute(statement)
        except sqlite3.Error as error:
            raise DefinitionError(f"SQLite refused the statement: {error}") from error
        return {"rowsAffected": cursor.rowcount} if cursor.rowcount >= 0 else {}


_SENDERS: Mapping[str, Callable[[Database, str], Mapping[str, Any]]] = {
    "awsathena": _athena,
    "postgresql": _postgresql,
    "sqlite": _sqlite,
}
