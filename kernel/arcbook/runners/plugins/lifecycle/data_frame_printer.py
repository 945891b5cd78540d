"""DataFramePrinter."""

from dataclasses import replace

from arcbook.cells.text_table import aligned
from arcbook.engines.session import Session
from arcbook.runners.base import Result
from arcbook.runners.hooks import after
from arcbook.stages.base import Stage
from arcbook.stages.plugins.lifecycle.data_frame_printer import DataFramePrinter

#: Where Spark's own printing cuts a value.
_LONGEST = 20


@after.register
def print_rows(plugin: DataFramePrinter, stage: Stage, result: Result, session: Session) -> Result:
    """Print the first rows of what the stage left."""
    if result.frame is None or session.settings.streaming:
        return result  # a stream has rows only once it has been started
    rows = result.frame.take(plugin.num_rows)
    table = [result.frame.columns, *([_text(value, cut=plugin.truncate) for value in row] for row in rows)]
    text = "\n".join([f"{stage.name}:", *aligned(table, " | ")])
    session.log({"event": "rows", "stage": stage.name, "text": text})
    return replace(result, printed="\n\n".join(filter(None, (result.printed, text))))


def _text(value: object, *, cut: bool) -> str:
    text = "NULL" if value is None else str(value).replace("\n", "\\n")
    return text[: _LONGEST - 3] + "..." if cut and len(text) > _LONGEST else text
