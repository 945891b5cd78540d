"""What foreign errors mean: the table behind `arcbook.core.translate`.

A row says: an error of one of these classes (or their subclasses), whose text matches, is of this failure class. The
first row that fits decides, so the texts, which know more, come before the classes. Classes are named, not imported:
nothing here may load an engine.
"""

import builtins

from arcbook.core.failures import ArcbookError
from arcbook.core.foreign import engines, services
from arcbook.core.foreign.row import Row

ROWS: tuple[Row, ...] = (*engines.ROWS, *services.ROWS)


def class_by_name(name: str, text: str) -> type[ArcbookError] | None:
    """What an error is of which only the bare class name and the text are known; None when no row says.

    A class of Python itself is known with its bases, any other by the rows that name it.
    """
    python = getattr(builtins, name, None)
    bases = python.__mro__ if isinstance(python, type) and issubclass(python, BaseException) else ()
    names = tuple(f"{base.__module__}.{base.__qualname__}" for base in bases) or tuple(
        known for row in ROWS for known in row.classes if known.rpartition(".")[2] == name
    )
    return next((row.error for row in ROWS if row.concerns(names) and row.says(text)), None) if names else None


def decided(qualified_name: str) -> bool:
    """Whether a row decides by class alone about exactly this class, named outright."""
    return any(row.text is None and qualified_name in row.classes for row in ROWS)
