"""What SQLSTATEs mean: every named error of Spark and Delta has one, and there are more of them than anybody lists.

These rows come behind the texts, which know more, and before the classes, which know less: half of Spark's errors reach
the client as SparkException or as UnknownException.
"""

from arcbook.core.failures import (
    AccessError,
    ArcbookError,
    CancelledError,
    DefinitionError,
    InputError,
    OutOfMemoryError,
    QualityError,
    TransientError,
)
from arcbook.core.foreign.row import ENGINE, MEMORY_REMEDY, SIGN_IN_REMEDY, Row, text_row


def _states(error: type[ArcbookError], states: str, *, lead: str = "", code: str = "", remedy: str = "") -> Row:
    """A row for states, or for classes of them: their first two characters."""
    return text_row(
        error, ENGINE, *(rf"SQLSTATE: {state}" for state in states.split()), lead=lead, code=code, remedy=remedy
    )


ROWS: tuple[Row, ...] = (
    _states(CancelledError, "HY008 57014", lead="The work was stopped."),
    _states(AccessError, "28 42501 42512", lead="Access was refused.", remedy=SIGN_IN_REMEDY),
    _states(OutOfMemoryError, "53200 82", lead="The engine ran out of memory.", remedy=MEMORY_REMEDY),
    _states(QualityError, "P0", lead="The statement raised an error."),
    # Connections, transactions that others won, cursors and handles of a server that is gone, input and output.
    _states(TransientError, "08 2D 40 HY 53 56000 58 HV000", lead="The engine or a service was lost."),
    _states(
        DefinitionError, "0A 0B",
        lead="The engine cannot do this.", code="capability", remedy="Try `--engine local`, which runs Apache Spark.",
    ),
    _states(InputError, "21000 21506 22 23 44 51 KD", lead="The data does not allow this."),
    # Wrong statements, settings and functions, and limits that a statement passes.
    _states(DefinitionError, "07 21 25 2B 38 39 3F 42 46 54 55 56038 F0 HV", code="engine-error"),
)  # fmt: skip
