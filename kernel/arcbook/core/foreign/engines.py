"""Errors of Sail, Spark and their client; storage errors look alike from engines and from AWS's own client."""

from arcbook.core.failures import (
    AccessError,
    CancelledError,
    DefinitionError,
    InputError,
    InternalError,
    OutOfMemoryError,
    QualityError,
    TransientError,
)
from arcbook.core.foreign import states
from arcbook.core.foreign.row import AWS, DELTA, ENGINE, MEMORY_REMEDY, SIGN_IN_REMEDY, Row, text_row

_ENGINE_TEXTS = (
    text_row(
        CancelledError, ENGINE,
        r"operation not found", r"OPERATION_CANCELED", r"OPERATION_ABANDONED", r"cancelled as part of cancell",
        r"SparkJobCancelled|SPARK_JOB_CANCELLED", r"StatusCode\.CANCELLED",
        lead="The work was stopped.",
    ),
    text_row(
        OutOfMemoryError, ENGINE,
        r"OutOfMemoryError", r"Java heap space", r"GC overhead limit", r"Resources exhausted", r"OOMKilled",
        r"Container killed by YARN", r"exit(?:ed with)? code:? ?(?:137|52)\b", r"memory (?:pool|limit) exhausted",
        r"UNABLE_TO_ACQUIRE_MEMORY", r"CANNOT_ACQUIRE_MEMORY", r"Unable to acquire \d+ bytes of memory",
        lead="The engine ran out of memory.", remedy=MEMORY_REMEDY,
    ),
    text_row(
        AccessError, ENGINE,
        r"StatusCode\.UNAUTHENTICATED", r"StatusCode\.PERMISSION_DENIED",
        lead="The engine refused the sign-in.", remedy=SIGN_IN_REMEDY,
    ),
    text_row(
        TransientError, ENGINE,
        r"StatusCode\.UNAVAILABLE", r"StatusCode\.DEADLINE_EXCEEDED", r"INVALID_HANDLE\.SESSION", r"NO_ACTIVE_SESSION",
        r"Cannot invoke RPC on closed channel", r"SESSION_CHANGED", r"stopped SparkContext",
        r"Channel closed", r"Received RST_STREAM",
        r"session [\w-]+ is not running", r"cursor has been disconnected",
        lead="The engine was lost.", remedy="Run the cell again: the engine starts anew and its views are rebuilt.",
    ),
    text_row(
        TransientError, ENGINE,
        # Not "Lost task … executor": Spark says that of every task that failed, for whatever reason.
        r"ExecutorLostFailure", r"FetchFailed", r"Spot instance", r"Executor heartbeat timed out",
        r"Remote RPC client disassociated", r"decommission",
        lead="A part of the engine was lost.",
    ),
    text_row(
        QualityError, ENGINE,
        r"USER_RAISED_EXCEPTION\]?\s*(.*?)(?:\s*SQLSTATE: \w+)?$",
        lead="The statement raised an error: {0}",
    ),
)  # fmt: skip

_STORAGE_TEXTS = (
    text_row(
        AccessError, (*ENGINE, *AWS, *DELTA),
        r"AccessDenied", r"Access Denied", r"\b403\b.{0,40}Forbidden", r"Forbidden.{0,40}\b403\b",
        r"Status Code: 40[13]\b", r"status:? 40[13]\b", r"\((?:403|401|Forbidden)\) when calling",
        r"InvalidAccessKeyId", r"SignatureDoesNotMatch", r"ExpiredToken", r"TokenRefreshRequired", r"RequestExpired",
        r"InvalidClientTokenId", r"UnrecognizedClient", r"NoAuthWithAWSException", r"Unable to load credentials",
        r"UnauthorizedOperation", r"NotAuthorized",
        r"AccessControlException", r"PermissionDenied", r"the credential provider was not enabled",
        r"not authorized to perform", r"lacked the (?:required permissions|necessary privileges)",
        r"lacked valid authentication",
        r"PermissionDenied|Permission denied",
        lead="Access was refused.", remedy=SIGN_IN_REMEDY,
    ),
    text_row(
        TransientError, (*ENGINE, *AWS, *DELTA),
        r"Throttling", r"SlowDown", r"TooManyRequests", r"RequestLimitExceeded", r"ServiceUnavailable",
        r"\((?:429|500|502|503|504|Internal(?:Service)?Error|InternalFailure|RequestTimeout)\) when calling",
        r"Status Code: (?:429|50[0234])\b", r"timed out", r"timeout was reached", r"Broken pipe",
        r"Connection reset", r"Connection refused", r"failed to lookup address", r"UnknownHostException",
        r"error sending request", r"request or response body error", r"connection closed before message completed",
        r"Unable to execute HTTP request", r"Premature end of Content-Length", r"ConnectionClosedException",
        r"error reading a body from connection",
        r"HttpChannelEOFException", r"failed to respond", r"unexpected end of file during chunk",
        lead="A service did not answer or asked to slow down.",
    ),
    text_row(
        TransientError, (*ENGINE, *DELTA),
        r"No space left on device", r"Disk quota exceeded", r"StorageFull", r"File too large",
        lead="The disk is full.", remedy="Free some space and run again.",
    ),
    text_row(
        TransientError, (*ENGINE, *DELTA),
        r"DELTA_CONCURRENT_\w+|Concurrent(?:Append|DeleteRead|DeleteDelete|Write|Transaction|Modification)Exception",
        r"ProtocolChangedException", r"commit failed|Failed to commit",
        lead="Another writer changed the table at the same time.",
    ),
    text_row(
        InputError, (*ENGINE, *AWS, *DELTA),
        r"PATH_NOT_FOUND\]?\s*Path does not exist: (\S+?)\.? ", r"Path does not exist:? (\S+)",
        r"Object at location (\S+) not found",
        lead="There is nothing at {0}.",
    ),
    text_row(
        InputError, ENGINE,
        r"Unsupported data source type for direct query on files: delta",  # Spark's words for a folder that is none
        lead="There is no Delta table at this path.", remedy="Check the path.",
    ),
    text_row(
        InputError, (*ENGINE, *AWS, *DELTA),
        r"PATH_NOT_FOUND", r"FileNotFoundException", r"No such file or directory", r"NoSuchKey", r"NoSuchBucket",
        r"\((?:404|NotFound)\) when calling", r"DELTA_PATH_DOES_NOT_EXIST", r"DELTA_TABLE_NOT_FOUND",
        r"DELTA_MISSING_DELTA_TABLE", r"No commit files found", r"is not a Delta table", r"UnknownStoreException",
        r"Not a Delta table", r"NotFound\b", r"No such (?:key|bucket)", r"EntityNotFound",
        lead="Data is missing.", remedy="Check the path.",
    ),
    text_row(
        InputError, ENGINE,
        r"UNABLE_TO_INFER_SCHEMA", r"No files found", r"cannot infer schema",
        lead="There is no data to take the columns from.", remedy="Check the path, or give the columns.",
    ),
    text_row(
        InputError, ENGINE,
        r"PATH_ALREADY_EXISTS", r"already exists",
        lead="The target exists already.", remedy="Choose another `saveMode`, or another target.",
    ),
    text_row(
        InputError, ENGINE,
        r"FAILED_READ_FILE", r"MALFORMED_RECORD", r"CORRUPT", r"Parquet (?:error|magic)", r"is not a Parquet file",
        r"Invalid (?:Parquet|JSON|Avro|CSV)", r"Json error", r"Csv error", r"EOF while parsing",
        r"expected value at line", r"Encountered unequal lengths", r"incorrect number of fields",
        lead="A file is not of the format it should have.",
    ),
    text_row(
        InputError, ENGINE,
        r"DELTA_FAILED_TO_MERGE_FIELDS", r"schema mismatch", r"DELTA_METADATA_MISMATCH",
        r"DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE", r"INCOMPATIBLE_DATA_FOR_TABLE",
        r"DELTA_NEW_(?:CHECK|NOT_NULL)\w+", r"DELTA_VIOLATE_CONSTRAINT\w+", r"NOT_NULL_CONSTRAINT_VIOLATION",
        lead="The data does not fit its target.",
    ),
    text_row(
        InputError, ENGINE,
        r"CAST_INVALID_INPUT", r"CAST_OVERFLOW", r"DIVIDE_BY_ZERO", r"divide by zero", r"ARITHMETIC_OVERFLOW",
        r"CANNOT_PARSE_\w+", r"INVALID_ARRAY_INDEX", r"Cannot cast (?:string|value)", r"NUMERIC_VALUE_OUT_OF_RANGE",
        r"INVALID_PARAMETER_VALUE", r"numeric datetime field", r"SCALAR_SUBQUERY_TOO_MANY_ROWS",
        r"subquery returned more than one row", r"Arithmetic overflow", r"DATETIME_OVERFLOW",
        lead="A value in the data does not allow this computation.",
    ),
)  # fmt: skip

_SQL_TEXTS = (
    text_row(
        DefinitionError, ENGINE,
        r"DELTA_FAILED_SCAN_WITH_HISTORICAL_VERSION",
        lead="An earlier version of a table cannot be changed.",
        remedy="Change the table as it is: read it without `versionAsOf` and `timestampAsOf`.", code="engine-error",
    ),
    text_row(
        DefinitionError, ENGINE,
        r"PARSE_SYNTAX_ERROR\]?\s*(Syntax error at or near [^.\n]+)",
        lead="{0}.", code="sql-syntax",
    ),
    text_row(
        DefinitionError, ENGINE,
        r"found (end of input) expected", r"invalid argument: found (.{1,40}?) at \d+:\d+ expected",
        lead="Syntax error at or near {0}.", code="sql-syntax",
    ),
    text_row(
        DefinitionError, ENGINE,
        r"PARSE_EMPTY_STATEMENT", r"expected one statement", r"INVALID_SQL_SYNTAX", r"PARSE_\w+", r"_PARSE_",
        lead="The statement does not parse.", code="sql-syntax",
    ),
    text_row(
        DefinitionError, ENGINE,
        r"with name (`.+?`) cannot be resolved",
        r'attribute ObjectName\(\[(?:Identifier\(".*?"\), )*Identifier\("(.+?)"\)\]\)',
        r"No field named (\S+?)\.? ", r"USING column (`.+?`) cannot be resolved", r"No field named (\S+?)\.?$",
        lead="No view read here has a column {0}.", code="unknown-column",
    ),
    text_row(
        DefinitionError, ENGINE,
        r"table or view (`.+?`) cannot be found", r"Table or view not found: (\S+)",
        lead="There is no view {0}.", code="unknown-view",
        remedy="Run the cell that makes it first, or check its name.",
    ),
    text_row(
        DefinitionError, ENGINE,
        r"resolve routine (`.+?`)", r"unknown (?:table )?function: (\S+)",
        r"resolve (`.+?`) to a table-valued function",
        lead="There is no function {0}.", code="engine-error",
    ),
    text_row(
        DefinitionError, ENGINE,
        r"UNBOUND_SQL_PARAMETER.*?(`?\b\w+`?)\.", r"UNBOUND_SQL_PARAMETER",
        r"missing named parameter", r"placeholder .* not",
        lead="A parameter of the statement has no value.", code="sql-parameter",
    ),
)  # fmt: skip

_LIMIT_TEXTS = (
    text_row(
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
        _spark(
            "AnalysisException TempTableAlreadyExistsException IllegalArgumentException SparkNoSuchElementException"
        ),
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
    Row(TransientError, ("grpc.RpcError", "grpc.FutureTimeoutError"), lead="The engine was lost."),
    Row(CancelledError, ("grpc.FutureCancelledError",), lead="The work was stopped."),
)

ROWS: tuple[Row, ...] = (
    *_ENGINE_TEXTS, *_SQL_TEXTS, *_STORAGE_TEXTS, *_LIMIT_TEXTS, *states.ROWS, *_ENGINE_CLASSES,
)  # fmt: skip
