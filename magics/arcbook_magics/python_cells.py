"""Which cells of the `arc` kernel are Python, without reading anything else of a cell."""

import re

_PYTHON = re.compile(r"\s*%%?python(?=\s|$)[ \t]*(?P<rest>[^\n]*)\n?", re.IGNORECASE)


def python_source(source: str) -> str | None:
    """The Python of a `%python` cell, or None for another cell.

    Lines keep their numbers, so that a traceback points into the cell. IPython's own magics (`%pip`, `%time`, `!ls`)
    work in it; a `%%` magic must be its first line and then counts lines from there, as everywhere.
    """
    found = _PYTHON.match(source)
    if found is None:
        return None
    body = source[found.end() :]
    if found["rest"].strip():
        return "\n" * source.count("\n", 0, found.start("rest")) + found["rest"] + "\n" + body
    if body.lstrip().startswith("%%"):
        return body
    # A comment and not an empty line: IPython takes leading empty lines away, and the numbers with them.
    return "#\n" * source.count("\n", 0, found.end()) + body
