"""The border: every foreign error gets one failure class, by table."""

import asyncio
import errno
import http.client
import inspect
import os
import socket
import urllib.error
from email.message import Message
from types import ModuleType
from typing import Any

import pytest

from arcbook.core.failures import (
    AccessError,
    ArcbookError,
    CancelledError,
    CellError,
    DefinitionError,
    InputError,
    InternalError,
    OutOfMemoryError,
    QualityError,
    TransientError,
)
from arcbook.core.foreign import ROWS, decided
from arcbook.core.problem import Problem
from arcbook.core.translate import shortened, translate, translating, without_trace

_TRACE = """

JVM stacktrace:
org.apache.spark.sql.catalyst.ExtendedAnalysisException
\tat org.apache.spark.sql.catalyst.analysis.package$AnalysisErrorAt.tableNotFound(package.scala:91)
Caused by: java.io.IOException: disk on fire
\tat x.Y.z(Y.java:1)"""

_SPARK_COLUMN = (
    "[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column, variable, or function parameter with name `nam` cannot be "
    "resolved. Did you mean one of the following? [`people`.`name`, `people`.`id`]. SQLSTATE: 42703; line 1 pos 7;\n"
    "'Project ['nam]"
)
_GRPC_LOST = (
    "<_MultiThreadedRendezvous of RPC that terminated with:\n\tstatus = StatusCode.UNAVAILABLE\n"
    '\tdetails = "Stream removed (recvmsg:Connection reset by peer (104))"\n\tdebug_error_string = "…"\n>'
)


def _engine_error(name: str, text: str) -> BaseException:
    from pyspark.errors.exceptions import connect

    error: BaseException = getattr(connect, name)(text)
    return error


@pytest.mark.parametrize(
    ("name", "text", "expected", "words"),
    [
        ("IllegalArgumentException", "invalid argument: operation not found: 36f0ed70", CancelledError, "stopped"),
        ("UnknownException", "[OPERATION_CANCELED] Operation has been canceled.", CancelledError, "stopped"),
        ("SparkConnectGrpcException", _GRPC_LOST, TransientError, "lost"),
        ("SparkException", "Job aborted: ExecutorLostFailure (executor 3 exited)", TransientError, "lost"),
        ("SparkException", "java.lang.OutOfMemoryError: Java heap space", OutOfMemoryError, "memory"),
        ("QueryExecutionException", "Resources exhausted: Failed to allocate 12 GB", OutOfMemoryError, "memory"),
        ("SparkConnectGrpcException", "status = StatusCode.UNAUTHENTICATED", AccessError, "sign-in"),
        ("SparkRuntimeException", "Server returned non-2xx status code: 403 Forbidden: ", AccessError, "credentials"),
        ("UnknownException", "(java.nio.file.AccessDeniedException) s3: Status Code: 403", AccessError, "refused"),
        ("AnalysisException", "[PATH_NOT_FOUND] Path does not exist: file:/no.csv. ", InputError, "file:/no.csv"),
        ("AnalysisException", "Invalid table location: No commit files found in _delta_log", InputError, "missing"),
        ("SparkException", "No space left on device", TransientError, "disk"),
        ("NumberFormatException", "Cannot cast string 'x' to value of Int32 type", InputError, "'x'"),
        ("ArithmeticException", "[DIVIDE_BY_ZERO] Division by zero.", InputError, "zero"),
        ("SparkRuntimeException", "[USER_RAISED_EXCEPTION] many nulls SQLSTATE: P0001", QualityError, "many"),
        ("AnalysisException", _SPARK_COLUMN + _TRACE, DefinitionError, "Did you mean `name` or `id`?"),
        (
            "AnalysisException",
            'attribute ObjectName([Identifier("p"), Identifier("nope")]) is missing from the schema: cannot resolve',
            DefinitionError,
            "nope",
        ),
        ("AnalysisException", "[TABLE_OR_VIEW_NOT_FOUND] Table or view not found: v", DefinitionError, "v"),
        (
            "AnalysisException",
            "[TABLE_OR_VIEW_NOT_FOUND] The table or view `v` cannot be found. Verify" + _TRACE,
            DefinitionError,
            "There is no view `v`",
        ),
        ("IllegalArgumentException", "invalid argument: found selec at 0:5 expected x", DefinitionError, "selec"),
        ("ParseException", "[PARSE_SYNTAX_ERROR] Syntax error at or near 'x'.", DefinitionError, "'x'"),
        ("UnsupportedOperationException", "unknown function: nofn", DefinitionError, "nofn"),
        ("UnsupportedOperationException", "row-level operations are only supported against", DefinitionError, "local"),
        ("PythonException", "ZeroDivisionError: division by zero", DefinitionError, "Python"),
        ("UnknownException", "a text nobody has seen", InternalError, "nobody has seen"),
        ("AnalysisException", "a text nobody has seen" + _TRACE, DefinitionError, "nobody has seen"),
    ],
)  # fmt: skip
def test_engine_errors(name: str, text: str, expected: type[ArcbookError], words: str) -> None:
    """Class and text of an engine's error decide; the message is short and names what matters."""
    ours = translate(_engine_error(name, text))
    assert type(ours) is expected, ours
    assert words in ours.message
    assert len(ours.message) < 700
    assert "\tat " not in ours.message
    assert text in ours.detail


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (_SPARK_COLUMN, "unknown-column"),
        ("Table or view not found: v", "unknown-view"),
        ("found selec at 0:5 expected something", "sql-syntax"),
        ("expected one statement", "sql-syntax"),
        ("unknown function: nofn", "engine-error"),
    ],
)
def test_definition_errors_carry_a_problem(text: str, code: str) -> None:
    """A definition error says which kind it is, so that a place can be added."""
    (problem,) = translate(_engine_error("AnalysisException", f"invalid argument: {text}")).problems
    assert problem.code == code


def _client_error(code: str) -> BaseException:
    from botocore.exceptions import ClientError

    error: BaseException = ClientError({"Error": {"Code": code, "Message": "…"}}, "GetObject")
    return error


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("403", AccessError), ("AccessDenied", AccessError), ("ExpiredToken", AccessError),
        ("InvalidAccessKeyId", AccessError), ("SlowDown", TransientError), ("ThrottlingException", TransientError),
        ("503", TransientError), ("NoSuchKey", InputError), ("NoSuchBucket", InputError), ("404", InputError),
        ("PermanentRedirect", InputError), ("SomethingElse", InputError),
    ],
)  # fmt: skip
def test_aws_answers(code: str, expected: type[ArcbookError]) -> None:
    """A refused request is judged by the service's code."""
    assert type(translate(_client_error(code))) is expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ResourceNotFoundException", AccessError), ("AccessDeniedException", AccessError),
        ("ThrottlingException", TransientError), ("InternalServiceError", TransientError),
    ],
)  # fmt: skip
def test_answers_about_secrets(code: str, expected: type[ArcbookError]) -> None:
    """A secret that is not there counts as one that may not be read."""
    from botocore.exceptions import ClientError

    assert type(translate(ClientError({"Error": {"Code": code, "Message": "…"}}, "GetSecretValue"))) is expected


def test_the_place_stays_in_the_message() -> None:
    """What was being done opens the message of a foreign error, and ours are left alone."""
    refused = r"^cannot read s3://b/k: AWS refused .*PermanentRedirect"
    with pytest.raises(InputError, match=refused), translating("cannot read s3://b/k"):
        raise _client_error("PermanentRedirect")
    missing = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "/no")
    assert translate(missing, "cannot read no").message == "cannot read no: No such file or directory."
    assert translate(KeyError("x"), "cannot list /x").message.startswith("cannot list /x: Unexpected KeyError")
    ours = InputError("no")
    assert translate(ours, "cannot read x") is ours


def test_no_credentials() -> None:
    """Missing credentials are an access failure with the remedy."""
    from botocore.exceptions import NoCredentialsError

    ours = translate(NoCredentialsError())
    assert isinstance(ours, AccessError)
    assert "credentials" in ours.message


def _http(status: int) -> urllib.error.HTTPError:
    return urllib.error.HTTPError("http://example.org/x", status, "…", Message(), None)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (KeyboardInterrupt(), CancelledError),
        (asyncio.CancelledError(), CancelledError),
        (MemoryError(), OutOfMemoryError),
        (FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "/no"), InputError),
        (PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/no"), AccessError),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), TransientError),
        (OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)), OutOfMemoryError),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), TransientError),
        (socket.gaierror(-2, "Name or service not known"), TransientError),
        (http.client.IncompleteRead(b""), TransientError),
        (http.client.InvalidURL("no port"), DefinitionError),
        (EOFError(), InputError),
        (_http(403), AccessError),
        (_http(404), InputError),
        (_http(503), TransientError),
        (urllib.error.URLError("no route"), TransientError),
        (KeyError("x"), InternalError),
    ],
)
def test_python_errors(error: BaseException, expected: type[ArcbookError]) -> None:
    """Errors of Python itself."""
    assert type(translate(error)) is expected


def test_dead_kernel() -> None:
    """A kernel that died is worth another try; one that was killed wants more memory."""
    from nbclient.exceptions import DeadKernelError

    assert type(translate(DeadKernelError("Kernel died"))) is TransientError
    assert type(translate(DeadKernelError("Kernel died, exit code: 137"))) is OutOfMemoryError


def test_database_errors() -> None:
    """psycopg's classes."""
    import psycopg
    from psycopg import errors

    assert type(translate(errors.InsufficientPrivilege("no"))) is AccessError
    assert type(translate(errors.UndefinedTable("no"))) is DefinitionError
    assert type(translate(errors.UniqueViolation("no"))) is InputError
    assert type(translate(errors.QueryCanceled("no"))) is CancelledError
    assert type(translate(psycopg.OperationalError("connection refused"))) is TransientError


def test_errors_that_a_kernel_reported() -> None:
    """An error that crossed the kernel's wire by name and text is the same class again."""
    from nbclient.exceptions import CellExecutionError

    told = translate(CellExecutionError("trace", "QualityError", "12 rows too many"))
    assert type(told) is QualityError
    assert told.message == "12 rows too many"
    assert type(translate(CellExecutionError("trace", "CellError", "bad key"))) is DefinitionError


def test_ours_pass_through() -> None:
    """Translating twice changes nothing."""
    ours = CellError([Problem("syntax", "no")])
    assert translate(ours) is ours


def test_translating_keeps_the_cause() -> None:
    """The context manager raises ours from theirs."""
    theirs = FileNotFoundError("gone")
    with pytest.raises(InputError) as caught, translating():
        raise theirs
    assert caught.value.__cause__ is theirs


def test_traces_do_not_decide() -> None:
    """Method names of a trace mean nothing; causes in it do."""
    assert "tableNotFound" not in without_trace("x" + _TRACE)
    assert "disk on fire" in without_trace("x" + _TRACE)
    assert shortened("x" + without_trace(_TRACE)) == "x"


def _errors_of(module: ModuleType) -> list[str]:
    return [
        f"{module.__name__}.{name}"
        for name, value in inspect.getmembers(module, inspect.isclass)
        if issubclass(value, BaseException) and value.__module__ == module.__name__
    ]


def _foreign_modules() -> list[Any]:
    import boto3.exceptions
    import botocore.exceptions
    from pyspark.errors.exceptions import base, connect

    return [base, connect, botocore.exceptions, boto3.exceptions]


def test_every_foreign_class_is_decided() -> None:
    """A release of the engines' client or of AWS's with a new error class turns this red: decide about it."""
    undecided = [name for module in _foreign_modules() for name in _errors_of(module) if not decided(name)]
    assert undecided == []


def test_rows_name_existing_classes() -> None:
    """The table names nothing that has gone."""
    exists = {name for module in _foreign_modules() for name in _errors_of(module)}
    prefixes = tuple(f"{module.__name__}." for module in _foreign_modules())
    named = {name for row in ROWS for name in row.classes if name.startswith(prefixes) and not name.endswith(".")}
    # The table writes each engine class under both modules; one of them holds it.
    short = {name.rsplit(".", 1)[-1] for name in exists}
    assert {name for name in named if name.rsplit(".", 1)[-1] not in short} == set()
