"""What a cell shows: text, a table, a note; and the value that Python code gets hold of."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from arcbook.cells.text_table import aligned

if TYPE_CHECKING:
    import pandas
    import pyarrow
    from pyspark.sql import DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One output of a cell, already rendered, so that showing it again costs and reveals nothing more.

    `data` is by MIME type; `metadata` goes with the message. `df` is the frame behind a table, or None.
    """

    data: Mapping[str, Any]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    df: "DataFrame | None" = None

    def pandas(self) -> "pandas.DataFrame":
        """All rows as a pandas frame; pulls them into this process."""
        return self._frame().toPandas()

    def arrow(self) -> "pyarrow.Table":
        """All rows as an Arrow table; pulls them into this process."""
        return self._frame().toArrow()

    def _frame(self) -> "DataFrame":
        if self.df is None:
            raise ValueError("this result has no rows")
        return self.df

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        """IPython's protocol for showing a value."""
        return dict(self.data), dict(self.metadata)

    def __repr__(self) -> str:
        return str(self.data.get("text/plain", ""))


def text(content: str, **metadata: Any) -> Shown:
    """Plain text, shown in a fixed-width font."""
    return Shown({"text/plain": visible(content, lines=True)}, metadata)


def listing(title: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Shown:
    """A small table of texts of our own (options, parameters, magics)."""
    cells = [head, *rows]
    plain = "\n".join([*([title] if title else []), *aligned([[visible(cell) for cell in row] for row in cells])])
    header = "".join(f"<th style='text-align:left'>{html.escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td style='text-align:left'>{html.escape(cell)}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    caption = f"<div class='table_name'>{html.escape(title)}</div>" if title else ""
    markup = (
        f"<div class='arcbook tex2jax_ignore'>{caption}<table><thead><tr>{header}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )
    return Shown({"text/plain": plain, "text/html": markup})


def visible(content: str, *, lines: bool = False) -> str:
    """`content` with control characters written out, so that data cannot steer a terminal or break a table's line."""
    kept = "\n\t" if lines else ""
    if content.isprintable():
        return content
    return "".join(
        each if each.isprintable() or each in kept or each in "\u3000\xa0" else _ESCAPES.get(each) or _code(each)
        for each in content
    )


_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _code(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}" if number < 65536 else f"\\U{number:08x}"
