"""What foreign errors mean: the table behind `arcbook.core.translate`.

A row says: an error of one of these classes (or their subclasses), whose text matches, is of this failure class. The
first row that fits decides, so the texts, which know more, come before the classes. Classes are named, not imported:
nothing here may load an engine.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from arcbook.core.failures import (
    AccessError,
    ArcbookError,
    CancelledError,
    DefinitionError,
    InputError,
    InternalError,
    OutOfMemoryError,
    QualityError,
    TransientError,
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    `classes` are qualified names; one that ends in a dot stands for everything below it. `code` is the problem code
    a finding gets (definition errors only). `lead` opens the message, before the foreign text; `{0}`, `{1}`… are the
    groups of the text pattern. `remedy` is what to do.
    """

    error: type[ArcbookError]
    classes: tuple[str, ...]
    text: re.Pattern[str] | None = None
    lead: str = ""
    code: str = ""
    remedy: str = ""


ENGINE = ("pyspark.errors.exceptions.",)
AWS = ("botocore.exceptions.", "boto3.exceptions.")
#: Text that means the same whoever says it.
ANY = ("",)


def _text(error: type[ArcbookError], classes: tuple[str, ...], *patterns: str, **more: str) -> Row:
    return Row(error, classes, re.compile("|".join(patterns), re.IGNORECASE | re.DOTALL), **more)


def _classes(error: type[ArcbookError], prefix: str, names: str, **more: str) -> Row:
    return Row(error, tuple(prefix + name for name in names.split()), **more)


_MEMORY_REMEDY = "Give the engine more memory, or read less at a time (fewer columns, a filter, more partitions)."
_SIGN_IN_REMEDY = "Check the credentials and what they may do; expired ones need a new sign-in."

_ENGINE_TEXTS = (
    _text(
        CancelledError, ENGINE,
        r"operation not found", r"OPERATION_CANCELED", r"OPERATION_ABANDONED", r"cancelled as part of cancell",
        r"SparkJobCancelled|SPARK_JOB_CANCELLED", r"StatusCode\.CANCELLED",
        lead="The work was stopped.",
    ),
    _text(
        OutOfMemoryError, ENGINE,
        r"OutOfMemoryError", r"Java heap space", r"GC overhead limit", r"Resources exhausted", r"OOMKilled",
        r"Container killed by YARN", r"exit code:? 137", r"memory (?:pool|limit) exhausted",
        lead="The engine ran out of memory.", remedy=_MEMORY_REMEDY,
    ),
    _text(
        AccessError, ENGINE,
        r"StatusCode\.UNAUTHENTICATED", r"StatusCode\.PERMISSION_DENIED",
        lead="The engine refused the sign-in.", remedy=_SIGN_IN_REMEDY,
    ),
    _text(
        TransientError, ENGINE,
        r"StatusCode\.UNAVAILABLE", r"StatusCode\.DEADLINE_EXCEEDED", r"INVALID_HANDLE\.SESSION", r"NO_ACTIVE_SESSION",
        r"Cannot invoke RPC on closed channel", r"SESSION_CHANGED", r"Channel closed", r"Received RST_STREAM",
        lead="The engine was lost.", remedy="Run the cell again: the engine starts anew and its views are rebuilt.",
    ),
    _text(
        TransientError, ENGINE,
        r"ExecutorLostFailure", r"FetchFailed", r"Lost task .* executor", r"Spot instance",
        lead="A part of the engine was lost.",
    ),
    _text(
        QualityError, ENGINE,
        r"USER_RAISED_EXCEPTION\]?\s*(.*?)(?:\s*SQLSTATE: \w+)?$",
        lead="The statement raised an error: {0}",
    ),
)  # fmt: skip

_STORAGE_TEXTS = (
    _text(
        AccessError, (*ENGINE, *AWS, "deltalake.", "builtins."),
        r"AccessDenied", r"Access Denied", r"\b403\b.{0,40}Forbidden", r"Forbidden.{0,40}\b403\b", r"Status Code: 40[13]\b",
        r"status:? 40[13]\b", r"\((?:403|401|Forbidden)\) when calling", r"InvalidAccessKeyId", r"SignatureDoesNotMatch",
        r"ExpiredToken", r"TokenRefreshRequired", r"RequestExpired", r"InvalidClientTokenId", r"UnrecognizedClient",
        r"NoAuthWithAWSException", r"Unable to load credentials", r"UnauthorizedOperation", r"NotAuthorized",
        r"AccessControlException", r"PermissionDenied", r"the credential provider was not enabled",
        r"not authorized to perform", r"lacked the required permissions",
        r"PermissionDenied|Permission denied",
        lead="Access was refused.", remedy=_SIGN_IN_REMEDY,
    ),
    _text(
        TransientError, (*ENGINE, *AWS),
        r"Throttling", r"SlowDown", r"TooManyRequests", r"RequestLimitExceeded", r"ServiceUnavailable",
        r"\((?:429|500|502|503|504|InternalError|InternalFailure|RequestTimeout)\) when calling",
        r"Status Code: (?:429|50[0234])", r"Connection reset", r"Connection refused", r"Read timed out", r"timed out",
        r"failed to lookup address", r"UnknownHostException", r"error sending request",
        lead="A service did not answer or asked to slow down.",
    ),
    _text(
        TransientError, (*ENGINE, "deltalake."),
        r"No space left on device", r"Disk quota exceeded", r"StorageFull",
        lead="The disk is full.", remedy="Free some space and run again.",
    ),
    _text(
        TransientError, (*ENGINE, "deltalake."),
        r"DELTA_CONCURRENT_\w+|Concurrent(?:Append|DeleteRead|DeleteDelete|Write|Transaction|Modification)Exception",
        r"ProtocolChangedException", r"commit failed|Failed to commit",
        lead="Another writer changed the table at the same time.",
    ),
    _text(
        InputError, (*ENGINE, *AWS, "deltalake."),
        r"PATH_NOT_FOUND\]?\s*Path does not exist: (\S+?)\.? ", r"Path does not exist:? (\S+)",
        r"Object at location (\S+) not found",
        lead="There is nothing at {0}.",
    ),
    _text(
        InputError, (*ENGINE, *AWS, "deltalake."),
        r"PATH_NOT_FOUND", r"FileNotFoundException", r"No such file or directory", r"NoSuchKey", r"NoSuchBucket",
        r"\((?:404|NotFound)\) when calling", r"DELTA_PATH_DOES_NOT_EXIST", r"DELTA_TABLE_NOT_FOUND",
        r"DELTA_MISSING_DELTA_TABLE", r"No commit files found", r"is not a Delta table", r"UnknownStoreException",
        r"Not a Delta table", r"NotFound\b", r"No such (?:key|bucket)", r"EntityNotFound",
        lead="Data is missing.", remedy="Check the path.",
    ),
    _text(
        InputError, ENGINE,
        r"UNABLE_TO_INFER_SCHEMA", r"No files found", r"cannot infer schema",
        lead="There is no data to take the columns from.", remedy="Check the path, or give the columns.",
    ),
    _text(
        InputError, ENGINE,
        r"PATH_ALREADY_EXISTS", r"already exists",
        lead="The target exists already.", remedy="Choose another `saveMode`, or another target.",
    ),
    _text(
        InputError, ENGINE,
        r"FAILED_READ_FILE", r"MALFORMED_RECORD", r"CORRUPT", r"Parquet (?:error|magic)", r"is not a Parquet file",
        r"Invalid (?:Parquet|JSON|Avro|CSV)", r"Json error", r"Csv error", r"EOF while parsing",
        r"expected value at line", r"Encountered unequal lengths", r"incorrect number of fields",
        lead="A file is not of the format it should have.",
    ),
    _text(
        InputError, ENGINE,
        r"DELTA_FAILED_TO_MERGE_FIELDS", r"schema mismatch", r"DELTA_METADATA_MISMATCH",
        r"DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE", r"INCOMPATIBLE_DATA_FOR_TABLE",
        r"DELTA_NEW_(?:CHECK|NOT_NULL)\w+", r"DELTA_VIOLATE_CONSTRAINT\w+", r"NOT_NULL_CONSTRAINT_VIOLATION",
        lead="The data does not fit its target.",
    ),
    _text(
        InputError, ENGINE,
        r"CAST_INVALID_INPUT", r"CAST_OVERFLOW", r"DIVIDE_BY_ZERO", r"divide by zero", r"ARITHMETIC_OVERFLOW",
        r"CANNOT_PARSE_\w+", r"INVALID_ARRAY_INDEX", r"Cannot cast (?:string|value)", r"NUMERIC_VALUE_OUT_OF_RANGE",
        r"INVALID_PARAMETER_VALUE", r"numeric datetime field", r"SCALAR_SUBQUERY_TOO_MANY_ROWS",
        r"subquery returned more than one row", r"Arithmetic overflow", r"DATETIME_OVERFLOW",
        lead="A value in the data does not allow this computation.",
    ),
)  # fmt: skip

_SQL_TEXTS = (
    _text(
        DefinitionError, ENGINE,
        r"PARSE_SYNTAX_ERROR\]?\s*(Syntax error at or near [^.\n]+)",
        lead="{0}.", code="sql-syntax",
    ),
    _text(
        DefinitionError, ENGINE,
        r"found (end of input) expected", r"invalid argument: found (.{1,40}?) at \d+:\d+ expected",
        lead="Syntax error at or near {0}.", code="sql-syntax",
    ),
    _text(
        DefinitionError, ENGINE,
        r"PARSE_EMPTY_STATEMENT", r"expected one statement", r"INVALID_SQL_SYNTAX", r"PARSE_\w+", r"_PARSE_",
        lead="The statement does not parse.", code="sql-syntax",
    ),
    _text(
        DefinitionError, ENGINE,
        r"with name (`.+?`) cannot be resolved", r'attribute ObjectName\(\[(?:Identifier\(".*?"\), )*Identifier\("(.+?)"\)\]\) is missing',
        r"No field named (\S+?)\.? ", r"USING column (`.+?`) cannot be resolved", r"No field named (\S+?)\.?$",
        lead="No view read here has a column {0}.", code="unknown-column",
    ),
    _text(
        DefinitionError, ENGINE,
        r"table or view (`.+?`) cannot be found", r"Table or view not found: (\S+)",
        lead="There is no view {0}.", code="unknown-view",
        remedy="Run the cell that makes it first, or check its name.",
    ),
    _text(
        DefinitionError, ENGINE,
        r"resolve routine (`.+?`)", r"unknown (?:table )?function: (\S+)", r"resolve (`.+?`) to a table-valued function",
        lead="There is no function {0}.", code="engine-error",
    ),
    _text(
        DefinitionError, ENGINE,
        r"UNBOUND_SQL_PARAMETER.*?(`?\b\w+`?)\.", r"UNBOUND_SQL_PARAMETER", r"missing named parameter", r"placeholder .* not",
        lead="A parameter of the statement has no value.", code="sql-parameter",
    ),
    _text(
        DefinitionError, ENGINE,
        r"DATA_SOURCE_NOT_FOUND", r"UNSUPPORTED_FEATURE", r"not (?:yet )?(?:implemented|supported)", r"\bunsupported\b",
        r"row-level operations are only supported against",
        lead="The engine cannot do this.", code="capability", remedy="Try `--engine local`, which runs Apache Spark.",
    ),
)  # fmt: skip

_PYSPARK = "pyspark.errors.exceptions.connect."
_BASE = "pyspark.errors.exceptions.base."


def _spark(names: str) -> tuple[str, ...]:
    return tuple(prefix + name for name in names.split() for prefix in (_PYSPARK, _BASE))


_ENGINE_CLASSES = (
    Row(DefinitionError, _spark("ParseException"), code="sql-syntax"),
    Row(
        InputError,
        _spark("ArithmeticException ArrayIndexOutOfBoundsException DateTimeException NumberFormatException"),
        lead="A value in the data does not allow this computation.",
    ),
    Row(
        DefinitionError,
        _spark("PythonException PickleException StreamingPythonRunnerInitializationException"),
        code="engine-error",
        lead="Python code inside the engine failed.",
    ),
    Row(
        DefinitionError,
        _spark("UnsupportedOperationException PySparkNotImplementedError SparkUpgradeException"),
        code="capability",
        lead="The engine cannot do this.",
        remedy="Try `--engine local`, which runs Apache Spark.",
    ),
    Row(
        DefinitionError,
        _spark("AnalysisException TempTableAlreadyExistsException IllegalArgumentException SparkNoSuchElementException"),
        code="engine-error",
    ),
    Row(TransientError, _spark("SessionNotSameException"), lead="The engine was replaced."),
    Row(
        InternalError,
        _spark(
            "PySparkValueError PySparkTypeError PySparkIndexError PySparkAttributeError PySparkRuntimeError "
            "PySparkAssertionError PySparkPicklingError PySparkKeyError PySparkImportError InvalidPlanInput"
        ),
        lead="The engine's client was used wrongly.",
    ),
    Row(
        InternalError,
        _spark(
            "StreamingQueryException QueryExecutionException SparkRuntimeException SparkException UnknownException "
            "SparkConnectGrpcException SparkConnectException PySparkException"
        ),
        lead="The engine failed.",
    ),
    Row(TransientError, ("grpc.RpcError",), lead="The engine was lost."),
)

_BOTO = "botocore.exceptions."
_AWS_CLASSES = (
    _classes(
        AccessError, _BOTO,
        "NoCredentialsError PartialCredentialsError CredentialRetrievalError UnauthorizedSSOTokenError SSOError "
        "SSOTokenLoadError TokenRetrievalError NoAuthTokenError ProfileNotFound MetadataRetrievalError "
        "RefreshWithMFAUnsupportedError InvalidIMDSEndpointError InvalidIMDSEndpointModeError InfiniteLoopConfigError "
        "PendingAuthorizationExpiredError UnknownCredentialError LoginError LoginTokenLoadError LoginRefreshRequired "
        "LoginInsufficientPermissions LoginAuthorizationCodeError",
        lead="There is no usable AWS credential.", remedy=_SIGN_IN_REMEDY,
    ),
    _classes(
        TransientError, _BOTO,
        "ConnectionError EndpointConnectionError HTTPClientError ConnectionClosedError ReadTimeoutError "
        "ConnectTimeoutError ProxyConnectionError SSLError IncompleteReadError ResponseStreamingError WaiterError "
        "CapacityNotAvailableError ChecksumError FlexibleChecksumError ResponseParserError ConnectionClosedError "
        "EventStreamError AwsChunkedWrapperError StubResponseError UnStubbedResponseError StubAssertionError",
        lead="A connection to AWS failed.",
    ),
    _classes(
        DefinitionError, _BOTO,
        "ParamValidationError ValidationError NoRegionError InvalidRegionError UnknownRegionError "
        "InvalidEndpointConfigurationError ConfigNotFound ConfigParseError",
        lead="A setting for AWS is wrong.", code="engine-error",
    ),
    _classes(InputError, _BOTO, "ClientError", lead="AWS refused the request."),
    _classes(InputError, "boto3.exceptions.", "S3UploadFailedError S3TransferFailedError", lead="A transfer failed."),
    Row(InternalError, AWS, lead="A call to AWS failed."),
)  # fmt: skip

_DATABASE_CLASSES = (
    _classes(CancelledError, "psycopg.errors.", "QueryCanceled", lead="The work was stopped."),
    _classes(
        AccessError, "psycopg.errors.",
        "InsufficientPrivilege InvalidPassword InvalidAuthorizationSpecification",
        lead="The database refused access.", remedy=_SIGN_IN_REMEDY,
    ),
    _text(
        AccessError, ("psycopg.OperationalError",),
        r"password authentication failed", r"no pg_hba.conf entry", r"permission denied", r"role .* does not exist",
        lead="The database refused access.", remedy=_SIGN_IN_REMEDY,
    ),
    _text(
        DefinitionError, ("psycopg.OperationalError",),
        r"database .* does not exist",
        lead="There is no such database.", code="wrong-value",
    ),
    _classes(OutOfMemoryError, "psycopg.errors.", "OutOfMemory", lead="The database ran out of memory."),
    _classes(TransientError, "psycopg.", "OperationalError InternalError", lead="The database was lost."),
    _classes(InputError, "psycopg.", "IntegrityError DataError", lead="The data does not fit the database."),
    _classes(
        DefinitionError, "psycopg.", "ProgrammingError NotSupportedError",
        lead="The database refused the statement.", code="engine-error",
    ),
    Row(InternalError, ("psycopg.",), lead="A call to the database failed."),
)  # fmt: skip

_TOOL_CLASSES = (
    _text(
        OutOfMemoryError, ("nbclient.exceptions.DeadKernelError", "builtins.RuntimeError"),
        r"Kernel died.*(?:exit ?code|code):? ?(?:-9|137)",
        lead="The kernel was killed, most likely for lack of memory.", remedy=_MEMORY_REMEDY,
    ),
    _classes(TransientError, "nbclient.exceptions.", "DeadKernelError CellTimeoutError", lead="The kernel was lost."),
    _classes(
        DefinitionError, "papermill.exceptions.", "PapermillMissingParameterException FileExistsError",
        code="missing-parameter",
    ),
    _classes(TransientError, "papermill.exceptions.", "PapermillRateLimitException"),
    _classes(InputError, "deltalake.exceptions.", "TableNotFoundError SchemaMismatchError"),
    _classes(TransientError, "deltalake.exceptions.", "CommitFailedError", lead="Another writer changed the table."),
    _classes(InternalError, "deltalake.exceptions.", "DeltaError DeltaProtocolError"),
    _classes(InputError, "pyarrow.lib.", "ArrowInvalid ArrowTypeError", lead="The data is not of the shape it should have."),
)  # fmt: skip

_PYTHON_CLASSES = (
    Row(CancelledError, ("builtins.KeyboardInterrupt", "asyncio.exceptions.CancelledError"), lead="The work was stopped."),
    Row(OutOfMemoryError, ("builtins.MemoryError",), lead="This process ran out of memory.", remedy=_MEMORY_REMEDY),
    _text(
        AccessError, ("urllib.error.HTTPError",), r"HTTP Error 40[13]", lead="Access was refused.", remedy=_SIGN_IN_REMEDY
    ),
    _text(TransientError, ("urllib.error.HTTPError",), r"HTTP Error (?:408|429|5\d\d)", lead="A service did not answer."),
    Row(InputError, ("urllib.error.HTTPError",), lead="An address cannot be read."),
    Row(TransientError, ("urllib.error.URLError",), lead="An address cannot be reached."),
    Row(
        InputError,
        tuple(f"builtins.{name}" for name in ("FileNotFoundError", "IsADirectoryError", "NotADirectoryError", "FileExistsError")),
    ),
    Row(AccessError, ("builtins.PermissionError",), lead="Access was refused."),
    Row(TransientError, ("builtins.ConnectionError", "builtins.TimeoutError", "socket.gaierror"), lead="A connection failed."),
    _text(
        TransientError, ("builtins.OSError",), r"No space left on device|quota exceeded",
        lead="The disk is full.", remedy="Free some space and run again.",
    ),
    _text(OutOfMemoryError, ("builtins.OSError",), r"Cannot allocate memory", remedy=_MEMORY_REMEDY),
    Row(InputError, ("builtins.UnicodeDecodeError",), lead="A text is not UTF-8."),
    Row(TransientError, ("builtins.OSError",), lead="The system refused an operation."),
)  # fmt: skip

ROWS: tuple[Row, ...] = (
    *_ENGINE_TEXTS,
    *_STORAGE_TEXTS,
    *_SQL_TEXTS,
    *_ENGINE_CLASSES,
    *_AWS_CLASSES,
    *_DATABASE_CLASSES,
    *_TOOL_CLASSES,
    *_PYTHON_CLASSES,
)


def decided(names: Iterable[str]) -> bool:
    """Whether some row without a text names the first of a class's qualified names outright."""
    own = next(iter(names))
    return any(row.text is None and own in row.classes for row in ROWS)
