"""The failure class of an error that a kernel showed."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from arcbook.core.failures import (
    ERRORS_BY_NAME,
    AccessError,
    ArcbookError,
    CancelledError,
    DefinitionError,
    InputError,
    OutOfMemoryError,
    TransientError,
)

#: Python's own errors, which `%python` cells raise; any other is an error in the author's code.
_PYTHON: Mapping[str, type[ArcbookError]] = MappingProxyType(
    {
        "KeyboardInterrupt": CancelledError,
        "MemoryError": OutOfMemoryError,
        "FileNotFoundError": InputError,
        "NotADirectoryError": InputError,
        "IsADirectoryError": InputError,
        "EOFError": InputError,
        "PermissionError": AccessError,
        "NoCredentialsError": AccessError,
        "TimeoutError": TransientError,
        "ConnectionError": TransientError,
        "ConnectionResetError": TransientError,
        "ConnectionRefusedError": TransientError,
        "ConnectionAbortedError": TransientError,
        "BrokenPipeError": TransientError,
    }
)


def error_of(name: str, text: str, shown: Mapping[str, Any] | None = None) -> ArcbookError:
    """The error that a kernel's error message (`ename`, `evalue`, `traceback`) tells of.

    Names of `arcbook.core.failures` mean themselves; CellError loses its problems on the way and becomes a
    DefinitionError with the same text.
    """
    trace = "\n".join(map(str, (shown or {}).get("traceback", ())))
    kind = ERRORS_BY_NAME.get(name)
    if kind is not None:
        kind = DefinitionError if issubclass(kind, DefinitionError) else kind
        return kind(text or name, detail=trace)
    message = f"{name}: {text}" if text else name
    return _PYTHON.get(name, DefinitionError)(message or "the cell failed without a message", detail=trace)
