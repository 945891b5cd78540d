"""A result as an HTML table and as plain text."""

import html
from typing import Any

from arcbook.cells.options import Options
from arcbook.cells.text_table import columns_of, padded
from arcbook_magics.rows import Rows, cut
from arcbook_magics.shown import visible

#: What stands for NULL; text that reads the same is put into quotes.
NULL = "null"


def as_html(rows: Rows, options: Options, *, label: str = "", note: str = "") -> str:
    """The table as HTML, every name and value escaped; a column's header tells its type when pointed at."""
    classes = "arcbook tex2jax_ignore" + (" monospace" if options["monospace"] else "")
    classes += " leftalign" if options["leftAlign"] else ""
    parts = [f"<div class='{classes}'>"]
    if label:
        parts.append(f"<div class='table_name'>{_escape(label)}</div>")
    parts.append("<table><thead><tr>")
    for column in rows.columns:
        kind = _escape(column.type + ("" if column.nullable else " not null"))
        parts.append(f"<th title='{kind}'{_style(options, number=column.number)}>{_escape(column.name)}</th>")
    parts.append("</tr></thead><tbody>")
    for row in rows.rows:
        parts.append("<tr>")
        for value, column in zip(row, rows.columns, strict=True):
            style = _style(options, number=column.number)
            if value is None:
                parts.append(f"<td class='arcbook-null'{style}><i style='opacity:.6'>{NULL}</i></td>")
            else:
                parts.append(f"<td{style}>{_escape(cut(value, options['truncate']))}</td>")
        parts.append("</tr>")
    parts.append("</tbody></table>")
    if note:
        parts.append(f"<div class='arcbook-note'>{_escape(note)}</div>")
    parts.append("</div>")
    return "".join(parts)


def as_text(rows: Rows, options: Options, *, label: str = "", note: str = "") -> str:
    """The table as plain text, one line a row; control characters are written out."""
    head = [visible(column.name) for column in rows.columns]
    body = [[_plain(value, options["truncate"]) for value in row] for row in rows.rows]
    widths = [max(map(columns_of, column)) for column in zip(head, *body, strict=True)]
    right = [column.number and not options["leftAlign"] for column in rows.columns]

    def line(cells: list[str]) -> str:
        placed = (
            padded(cell, width, right=to_right) for cell, width, to_right in zip(cells, widths, right, strict=True)
        )
        return "  ".join(placed).rstrip()

    lines = [visible(label)] if label else []
    lines += [line(head), "  ".join("-" * width for width in widths)]
    lines += [line(cells) for cells in body]
    return "\n".join([*lines, note] if note else lines)


def note_of(rows: Rows) -> str:
    """What to say below the table: whether rows are left out."""
    if rows.more:
        return f"truncated: the first {len(rows.rows):,} rows; there are more"
    return "" if rows.rows else "no rows"


def bundle(rows: Rows, options: Options, *, label: str = "", extra: str = "") -> dict[str, Any]:
    """The table by MIME type."""
    note = "\n".join(part for part in (note_of(rows), extra) if part)
    return {
        "text/plain": as_text(rows, options, label=label, note=note),
        "text/html": as_html(rows, options, label=label, note=note),
    }


def _plain(value: str | None, truncate: int) -> str:
    if value is None:
        return NULL
    return f'"{value}"' if value == NULL else visible(cut(value, truncate))


def _escape(value: str) -> str:
    return html.escape(visible(value), quote=True)


def _style(options: Options, *, number: bool) -> str:
    align = "right" if number and not options["leftAlign"] else "left"
    font = ";font-family:monospace" if options["monospace"] else ""
    return f" style='text-align:{align}{font}'"
