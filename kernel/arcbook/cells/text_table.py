"""Tables in plain text: columns as wide as what stands in them, for a font in which letters have one width."""

from collections.abc import Sequence


def columns_of(content: str) -> int:
    """How many columns of a terminal `content` takes: Hangul and Han are two wide, a combining mark is none."""
    if content.isascii():
        return len(content)
    from wcwidth import wcswidth

    return max(wcswidth(content), 0)


def padded(content: str, width: int, *, right: bool = False) -> str:
    """`content` with blanks up to `width` columns, in front of it when it stands to the right."""
    blanks = " " * (width - columns_of(content))
    return blanks + content if right else content + blanks


def aligned(rows: Sequence[Sequence[str]], between: str = "  ") -> list[str]:
    """A line for each row, whose texts are as many as the first one's; `between` stands between two of them."""
    widths = [max(map(columns_of, column)) for column in zip(*rows, strict=True)]
    return [between.join(map(padded, row, widths)).rstrip() for row in rows]
