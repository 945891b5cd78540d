"""Delimited text as Spark's reader understands it: records, header names, blocks of columns.

Where Spark's rules surprise: the escape is the backslash, so doubled quotes stay as they are; a value with quotes in
the wrong place is taken with all its quotes up to the next delimiter; an empty value is null, quoted or not.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

_BLOCK_BYTES = 4 << 20
#: How much of a file is read at first to find its header.
_HEAD_BYTES = 16 << 10
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Dialect:
    """How the text is delimited. An empty `quote` means that no character quotes."""

    separator: str = ","
    quote: str = '"'
    escape: str = "\\"
    header: bool = False
    multi_line: bool = False

    @cached_property
    def _quoted(self) -> re.Pattern[str]:
        return re.compile(rf"{self._body}({re.escape(self.quote)}*){re.escape(self.quote)}[ \t]*(?={self._end})", re.S)

    @cached_property
    def _body(self) -> str:
        quote, escape = re.escape(self.quote), re.escape(self.escape)
        inner = rf"[^{quote}]|{quote}{quote}" if self.quote == self.escape else rf"[^{quote}{escape}]|{escape}."
        return rf"{quote}((?:{inner})*)" if self.escape else rf"{quote}([^{quote}]*)"

    @cached_property
    def _unclosed(self) -> re.Pattern[str]:
        return re.compile(rf"{self._body}{re.escape(self.escape)}?\Z", re.S)

    @cached_property
    def _first_part(self) -> re.Pattern[str]:
        return re.compile(rf"{self._body}{re.escape(self.quote)}", re.S)

    @cached_property
    def _end(self) -> str:
        line_end = r"|\n" if self.multi_line else ""
        return rf"{re.escape(self.separator)}{line_end}|\Z"

    @cached_property
    def tidy(self) -> re.Pattern[bytes]:
        """Matches a block whose quoted values hold neither quotes nor line ends and fill their cells."""
        separator, quote = (re.escape(text).encode() for text in (self.separator, self.quote))
        cell = rb"(?:%b[^%b\r\n]*+%b|[^%b%b\r\n]*+)" % (quote, quote, quote, quote, separator)
        return re.compile(rb"(?:%b(?:%b|\r?\n|\Z))*+" % (cell, separator))

    @cached_property
    def _plain(self) -> re.Pattern[str]:
        return re.compile(rf"(?:(?!{self._end}).)*", re.S)

    def unescaped(self, text: str) -> str:
        """The content of a quoted value without its escapes."""
        for escaped in ("quote", "escape") if self.escape and self.escape in text else ():
            character = getattr(self, escaped)
            text = text.replace(self.escape + character, character)
        return text

    def cell(self, text: str, start: int) -> tuple[str, int]:
        """The value that begins at `start`, and where it ends."""
        if self.quote and text.startswith(self.quote, start):
            if closed := self._quoted.match(text, start):
                return self.unescaped(closed.group(1)) + closed.group(2), closed.end()
            if unclosed := self._unclosed.match(text, start):
                return self.unescaped(unclosed.group(1)) or self.quote, unclosed.end()
            first = self._first_part.match(text, start)
            behind = first.end() if first else start
            end = self._plain.match(text, behind)
            stop = end.end() if end else behind
            double = self.escape * 2 if self.escape != self.quote else ""
            return text[start:stop].replace(double, self.escape) if double else text[start:stop], stop
        if not self.multi_line:
            stop = text.find(self.separator, start)
            stop = len(text) if stop < 0 else stop
            return text[start:stop], stop
        end = self._plain.match(text, start)
        return (end.group(), end.end()) if end else ("", start)

    def record(self, text: str, start: int = 0) -> tuple[list[str], int]:
        """The values of the record that begins at `start`, and where the next one begins."""
        cells: list[str] = []
        while True:
            value, start = self.cell(text, start)
            cells.append(value)
            if text.startswith(self.separator, start):
                start += len(self.separator)
                continue
            end = _LINE_END.match(text, start)
            return cells, end.end() if end else len(text)

    def line(self, text: str) -> list[str]:
        """The values of one line."""
        cells = text.split(self.separator)
        if not self.quote or self.quote not in text:
            return cells
        for position, cell in enumerate(cells):
            if self.quote not in cell:
                continue
            tidy = cell[0] == cell[-1] == self.quote and cell.count(self.quote) == 2
            if not tidy or (self.escape and self.escape != self.quote and self.escape in cell):
                return self.record(text)[0]
            cells[position] = cell[1:-1]
        return cells

    def records(self, text: str) -> Iterator[list[str]]:
        """The records of a whole text, blank lines left out."""
        if not self.multi_line:
            yield from (self.line(line) for line in _LINE_END.split(text) if line.strip())
            return
        # The line end that the file begins with is the only one; within values it becomes a plain line feed.
        found = _LINE_END.search(text)
        text = text.replace(found.group(), "\n") if found else text
        start = 0
        while start < len(text):
            if text[start] == "\n":
                start += 1
                continue
            cells, start = self.record(text, start)
            yield cells


def column_names(first: list[str], *, header: bool) -> list[str]:
    """The columns' names from the first record: `_c0`, `_c1`, … without a header; doubled names get their position."""
    if not header:
        return [f"_c{position}" for position in range(len(first))]
    folded = [name.lower() for name in first]
    return [
        f"_c{position}" if not name else f"{name}{position}" if folded.count(name.lower()) > 1 else name
        for position, name in enumerate(first)
    ]


def first_record(stream: IO[bytes], dialect: Dialect) -> list[str] | None:
    """The first record of a file, or None when it has none; no more is read than it takes to see its end."""
    data, size = b"", _HEAD_BYTES
    found: list[list[str]] = []
    while chunk := stream.read(size):
        data += chunk
        size = len(data)
        # Only behind a first record that is complete does a second one begin.
        found = list(islice(dialect.records(_decoded(data).removeprefix("\ufeff")), 2))
        if len(found) > 1:
            break
    return found[0] if found else None


def tables(stream: IO[bytes], dialect: Dialect, width: int) -> Iterator["list[pa.Array]"]:
    """The file's rows as blocks of `width` text columns, its header left out."""
    if dialect.multi_line:
        rows = list(dialect.records(_decoded(stream.read()).removeprefix("\ufeff")))
        yield _columns(rows[1:] if dialect.header else rows, width)
        return
    header_pending = dialect.header
    for block in _blocks(stream):
        if header_pending:
            block, header_pending = _without_first_record(block)
        if not block:
            continue
        quick = _quick(block, dialect, width)
        yield quick if quick is not None else _columns(list(dialect.records(_decoded(block))), width)


def _without_first_record(block: bytes) -> tuple[bytes, bool]:
    """The block behind its first line that is not blank, and whether there was no such line."""
    lines = re.compile(rb"([^\r\n]*)(?:\r\n|\r|\n|\Z)")
    for line in lines.finditer(block):
        if line.group(1).strip():
            return block[line.end() :], False
        if line.end() == len(block):
            break
    return b"", True


def _blocks(stream: IO[bytes]) -> Iterator[bytes]:
    """The bytes in blocks that end with a line, without a byte order mark."""
    rest, first = b"", True
    while chunk := stream.read(_BLOCK_BYTES):
        rest += chunk
        if first:
            rest, first = rest.removeprefix(b"\xef\xbb\xbf"), False
        cut = rest.rfind(b"\n") + 1
        if cut:
            yield rest[:cut]
            rest = rest[cut:]
    if rest:
        yield rest


def _quick(block: bytes, dialect: Dialect, width: int) -> "list[pa.Array] | None":
    """The block by pyarrow's reader when it has nothing that the two read differently, else None."""
    import pyarrow as pa
    from pyarrow import csv

    if width < 2 or len(dialect.separator) != 1 or not dialect.separator.isascii():
        return None
    quoted = bool(dialect.quote) and dialect.quote.encode() in block
    escapes = dialect.escape not in ("", dialect.quote) and dialect.escape.encode() in block
    if quoted and (escapes or not dialect.tidy.fullmatch(block)):
        return None
    names = [str(position) for position in range(width)]
    try:
        table = csv.read_csv(
            pa.BufferReader(block),
            read_options=csv.ReadOptions(column_names=names, block_size=max(len(block), 1)),
            parse_options=csv.ParseOptions(
                delimiter=dialect.separator, quote_char=dialect.quote if quoted else False, double_quote=False
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), null_values=[""], strings_can_be_null=True
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        return None  # short or long rows, or bytes that are no UTF-8
    return [column.combine_chunks() for column in table.columns]


def _columns(rows: list[list[str]], width: int) -> "list[pa.Array]":
    import pyarrow as pa

    padded: list[Any] = [row[:width] + [""] * (width - len(row)) for row in rows]
    columns = zip(*padded, strict=True) if padded else ([] for _ in range(width))
    return [pa.array([value or None for value in column], pa.string()) for column in columns]


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", errors="replace")
