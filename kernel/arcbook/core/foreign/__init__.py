"""What foreign errors mean: the table behind `arcbook.core.translate`.

A row says: an error of one of these classes (or their subclasses), whose text matches, is of this failure class. The
first row that fits decides, so the texts, which know more, come before the classes. Classes are named, not imported:
nothing here may load an engine.
"""

from arcbook.core.foreign import engines, services
from arcbook.core.foreign.row import Row

ROWS: tuple[Row, ...] = (*engines.ROWS, *services.ROWS)


def decided(qualified_name: str) -> bool:
    """Whether a row decides by class alone about exactly this class, named outright."""
    return any(row.text is None and qualified_name in row.classes for row in ROWS)
