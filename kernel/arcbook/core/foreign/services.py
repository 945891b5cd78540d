"""Errors of AWS's client, databases, notebook tools and Python itself, by class."""

from arcbook.core.failures import (
    AccessError,
    CancelledError,
    DefinitionError,
    InputError,
    InternalError,
    OutOfMemoryError,
    TransientError,
)
from arcbook.core.foreign.row import MEMORY_REMEDY, SIGN_IN_REMEDY, Row, class_row, text_row

_BOTO = "botocore.exceptions."
_AWS_CLASSES = (
    text_row(
        AccessError, ("botocore.exceptions.ClientError",),
        r"\((?:ResourceNotFoundException|InvalidRequestException|DecryptionFailure)\) when calling the GetSecretValue",
        lead="There is no such secret, or it cannot be read.", remedy=SIGN_IN_REMEDY,
    ),
    class_row(
        AccessError, _BOTO,
        "NoCredentialsError PartialCredentialsError CredentialRetrievalError UnauthorizedSSOTokenError SSOError "
        "SSOTokenLoadError TokenRetrievalError NoAuthTokenError ProfileNotFound MetadataRetrievalError "
        "RefreshWithMFAUnsupportedError InvalidIMDSEndpointError InvalidIMDSEndpointModeError InfiniteLoopConfigError "
        "UnknownCredentialError UnknownTokenProviderError LoginError LoginTokenLoadError LoginRefreshRequired "
        "LoginInsufficientPermissions LoginAuthorizationCodeError",
        lead="There is no usable AWS credential.", remedy=SIGN_IN_REMEDY,
    ),
    class_row(
        TransientError, _BOTO,
        "ConnectionError EndpointConnectionError HTTPClientError ConnectionClosedError ReadTimeoutError "
        "ConnectTimeoutError ProxyConnectionError SSLError IncompleteReadError ResponseStreamingError WaiterError "
        "CapacityNotAvailableError ChecksumError FlexibleChecksumError "
        "EventStreamError AwsChunkedWrapperError StubResponseError UnStubbedResponseError StubAssertionError",
        lead="A connection to AWS failed.",
    ),
    class_row(
        DefinitionError, _BOTO,
        "ParamValidationError ValidationError NoRegionError InvalidRegionError UnknownRegionError "
        "InvalidEndpointConfigurationError ConfigNotFound ConfigParseError InvalidConfigError InvalidDNSNameError "
        "InvalidDefaultsMode InvalidChecksumConfigError InvalidEndpointDiscoveryConfigurationError "
        "InvalidHostLabelError InvalidMaxRetryAttemptsError InvalidProxiesConfigError InvalidRetryConfigurationError "
        "InvalidRetryModeError "
        "InvalidS3AddressingStyleError InvalidS3UsEast1RegionalEndpointConfigError "
        "InvalidSTSRegionalEndpointsConfigError UnknownEndpointError UnknownFIPSEndpointError EndpointVariantError "
        "EndpointProviderError EndpointResolutionError BaseEndpointResolverError ServiceNotInRegionError "
        "UnsupportedOutpostResourceError UnsupportedS3AccesspointConfigurationError UnsupportedS3ArnError "
        "UnsupportedS3ConfigurationError UnsupportedS3ControlArnError UnsupportedS3ControlConfigurationError "
        "UnsupportedTLSVersionWarning UnknownSignatureVersionError UnsupportedSignatureVersionError",
        lead="A setting for AWS is wrong.", code="engine-error",
    ),
    class_row(InputError, _BOTO, "ClientError", lead="AWS refused the request."),
    class_row(InputError, "boto3.exceptions.", "S3UploadFailedError S3TransferFailedError", lead="A transfer failed."),
    class_row(
        TransientError, "boto3.exceptions.", "RetriesExceededError",
        lead="A transfer to or from AWS failed many times.",
    ),
    class_row(
        InternalError, _BOTO,
        "BotoCoreError AliasConflictParameterError ApiVersionNotFoundError DataNotFoundError ImminentRemovalWarning "
        "InvalidExpressionError MD5UnavailableError MissingDependencyException MissingParametersError "
        "MissingServiceIdError OperationNotPageableError PaginationError RangeError UndefinedModelAttributeError "
        "UnknownClientMethodError UnknownEndpointResolutionBuiltInName UnknownKeyError UnknownParameterError "
        "UnknownServiceError UnknownServiceStyle UnseekableStreamError UnsupportedServiceProtocolsError "
        "WaiterConfigError",
        lead="A call to AWS failed.",
    ),
    class_row(
        InternalError, "boto3.exceptions.",
        "Boto3Error DynamoDBNeedsConditionError DynamoDBNeedsKeyConditionError DynamoDBOperationNotSupportedError "
        "DynanmoDBOperationNotSupportedError InvalidCrtTransferConfigError NoVersionFound PythonDeprecationWarning "
        "ResourceLoadException ResourceNotExistsError UnknownAPIVersionError",
        lead="A call to AWS failed.",
    ),
)  # fmt: skip

_DATABASE_CLASSES = (
    class_row(CancelledError, "psycopg.errors.", "QueryCanceled", lead="The work was stopped."),
    class_row(
        AccessError, "psycopg.errors.",
        "InsufficientPrivilege InvalidPassword InvalidAuthorizationSpecification",
        lead="The database refused access.", remedy=SIGN_IN_REMEDY,
    ),
    text_row(
        AccessError, ("psycopg.OperationalError",),
        r"password authentication failed", r"no pg_hba.conf entry", r"permission denied", r"role .* does not exist",
        lead="The database refused access.", remedy=SIGN_IN_REMEDY,
    ),
    text_row(
        DefinitionError, ("psycopg.OperationalError",),
        r"database .* does not exist",
        lead="There is no such database.", code="wrong-value",
    ),
    class_row(OutOfMemoryError, "psycopg.errors.", "OutOfMemory", lead="The database ran out of memory."),
    class_row(TransientError, "psycopg.", "OperationalError InternalError", lead="The database was lost."),
    class_row(InputError, "psycopg.", "IntegrityError DataError", lead="The data does not fit the database."),
    class_row(
        DefinitionError, "psycopg.", "ProgrammingError NotSupportedError",
        lead="The database refused the statement.", code="engine-error",
    ),
    Row(InternalError, ("psycopg.",), lead="A call to the database failed."),
)  # fmt: skip

_TOOL_CLASSES = (
    text_row(
        OutOfMemoryError, ("nbclient.exceptions.DeadKernelError", "builtins.RuntimeError"),
        r"Kernel died.*(?:exit ?code|code):? ?(?:-9|137)",
        lead="The kernel was killed, most likely for lack of memory.", remedy=MEMORY_REMEDY,
    ),
    class_row(TransientError, "nbclient.exceptions.", "DeadKernelError CellTimeoutError", lead="The kernel was lost."),
    class_row(
        DefinitionError, "papermill.exceptions.", "PapermillMissingParameterException", code="missing-parameter"
    ),
    class_row(InputError, "papermill.exceptions.", "FileExistsError", lead="The target exists already."),
    class_row(TransientError, "papermill.exceptions.", "PapermillRateLimitException"),
    # The classes of deltalake.exceptions, by the module that they name as theirs.
    class_row(InputError, "_internal.", "TableNotFoundError SchemaMismatchError"),
    class_row(TransientError, "_internal.", "CommitFailedError", lead="Another writer changed the table."),
    class_row(InternalError, "_internal.", "DeltaError DeltaProtocolError"),
    class_row(
        InputError, "pyarrow.lib.", "ArrowInvalid ArrowTypeError", lead="The data is not of the shape it should have."
    ),
)  # fmt: skip

_PYTHON_CLASSES = (
    Row(
        CancelledError,
        ("builtins.KeyboardInterrupt", "asyncio.exceptions.CancelledError"),
        lead="The work was stopped.",
    ),
    Row(OutOfMemoryError, ("builtins.MemoryError",), lead="This process ran out of memory.", remedy=MEMORY_REMEDY),
    text_row(
        AccessError, ("urllib.error.HTTPError",), r"HTTP Error 40[13]",
        lead="Access was refused.", remedy=SIGN_IN_REMEDY,
    ),
    text_row(
        TransientError, ("urllib.error.HTTPError",), r"HTTP Error (?:408|425|429|5\d\d)",
        lead="A service did not answer.",
    ),
    Row(InputError, ("urllib.error.HTTPError",), lead="An address cannot be read."),
    Row(TransientError, ("urllib.error.URLError",), lead="An address cannot be reached."),
    Row(DefinitionError, ("http.client.InvalidURL",), lead="An address cannot be understood.", code="wrong-value"),
    Row(TransientError, ("http.client.HTTPException",), lead="A service did not answer."),
    class_row(
        InputError, "builtins.", "FileNotFoundError IsADirectoryError NotADirectoryError FileExistsError EOFError"
    ),
    Row(AccessError, ("builtins.PermissionError",), lead="Access was refused."),
    Row(
        TransientError,
        ("builtins.ConnectionError", "builtins.TimeoutError", "socket.gaierror"),
        lead="A connection failed.",
    ),
    text_row(
        TransientError, ("builtins.OSError",), r"No space left on device|quota exceeded",
        lead="The disk is full.", remedy="Free some space and run again.",
    ),
    text_row(OutOfMemoryError, ("builtins.OSError",), r"Cannot allocate memory", remedy=MEMORY_REMEDY),
    Row(InputError, ("builtins.UnicodeDecodeError",), lead="A text is not UTF-8."),
    Row(TransientError, ("builtins.OSError",), lead="The system refused an operation."),
)  # fmt: skip

ROWS: tuple[Row, ...] = (*_AWS_CLASSES, *_DATABASE_CLASSES, *_TOOL_CLASSES, *_PYTHON_CLASSES)
