"""The failure class of an error that a kernel showed."""

from collections.abc import Mapping
from typing import Any

from arcbook.core.failures import ERRORS_BY_NAME, ArcbookError, DefinitionError, InternalError
from arcbook.core.foreign import class_by_name


def error_of(name: str, text: str, shown: Mapping[str, Any] | None = None) -> ArcbookError:
    """The error that a kernel's error message (`ename`, `evalue`, `traceback`) tells of.

    Names of `arcbook.core.failures` mean themselves; CellError loses its problems on the way and becomes a
    DefinitionError with the same text. What a `%python` cell raises is judged by the table of foreign errors; what
    that does not know, or calls a bug, is an error in the author's code.
    """
    trace = "\n".join(map(str, (shown or {}).get("traceback", ())))
    kind = ERRORS_BY_NAME.get(name)
    if kind is not None:
        kind = DefinitionError if issubclass(kind, DefinitionError) else kind
        return kind(text or name, detail=trace)
    message = f"{name}: {text}" if text else name
    kind = class_by_name(name, text)
    kind = DefinitionError if kind is None or kind is InternalError else kind
    return kind(message or "the cell failed without a message", detail=trace)
