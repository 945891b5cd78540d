"""Statements in Athena, through boto3."""

import time
from collections.abc import Mapping
from typing import Any

from arcbook.core.failures import (
    AccessError,
    ArcbookError,
    CancelledError,
    DefinitionError,
    InternalError,
    TransientError,
)
from arcbook.core.foreign import class_by_name

_FIRST_WAIT_SECONDS = 0.1
_LONGEST_WAIT_SECONDS = 5.0
#: Athena's own classes of what went wrong: 1 is its system's fault, 2 the user's.
_SYSTEM = 1


def execute_in_athena(statement: str, properties: Mapping[str, str]) -> Mapping[str, Any]:
    """Run `statement` and wait for its end.

    `properties` are named as in Athena's JDBC driver, in any case: AwsRegion, S3OutputLocation (or OutputLocation),
    Workgroup, Catalog, Schema. Interrupting the wait stops the statement in Athena.

    Raises:
        DefinitionError: the statement is wrong, or Athena was given no place for its results.
        AccessError: Athena may not read or write something.
        TransientError: Athena failed for a reason of its own.
    """
    import boto3

    known = {key.lower(): value for key, value in properties.items()}
    client = boto3.client("athena", region_name=known.get("awsregion") or known.get("region"))
    started = client.start_query_execution(QueryString=statement, **_request(known))
    query_id = str(started["QueryExecutionId"])
    try:
        execution = _wait(client, query_id)
    except KeyboardInterrupt:
        client.stop_query_execution(QueryExecutionId=query_id)
        raise
    status = execution["Status"]
    if status["State"] != "SUCCEEDED":
        raise _failure(query_id, status)
    return {
        "queryExecutionId": query_id,
        "bytesScanned": execution.get("Statistics", {}).get("DataScannedInBytes", 0),
    }


def _request(known: Mapping[str, str]) -> dict[str, Any]:
    request: dict[str, Any] = {}
    context = {key: known[name] for key, name in (("Catalog", "catalog"), ("Database", "schema")) if known.get(name)}
    if context:
        request["QueryExecutionContext"] = context
    if workgroup := known.get("workgroup"):
        request["WorkGroup"] = workgroup
    if output := known.get("s3outputlocation") or known.get("outputlocation"):
        request["ResultConfiguration"] = {"OutputLocation": output}
    elif not workgroup:
        raise DefinitionError(
            "Athena needs a place for its results: add S3OutputLocation=s3://… or Workgroup=… to the address."
        )
    return request


def _wait(client: Any, query_id: str) -> Mapping[str, Any]:
    wait = _FIRST_WAIT_SECONDS
    while True:
        execution: Mapping[str, Any] = client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
        if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
            return execution
        time.sleep(wait)
        wait = min(wait * 2, _LONGEST_WAIT_SECONDS)


def _failure(query_id: str, status: Mapping[str, Any]) -> ArcbookError:
    reason = str(status.get("StateChangeReason", "")).strip() or "Athena gives no reason"
    message = f"Athena ended the statement as {status['State']}: {reason} (query {query_id})"
    error = status.get("AthenaError", {})
    if status["State"] == "CANCELLED":
        return CancelledError(message)
    known = class_by_name("ClientError", reason)
    if known in (AccessError, TransientError):
        return known(message)
    if error.get("Retryable") or error.get("ErrorCategory") == _SYSTEM:
        return TransientError(message)
    return DefinitionError(message) if status["State"] == "FAILED" else InternalError(message)
