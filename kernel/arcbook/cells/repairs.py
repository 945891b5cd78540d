"""What in a cell has one right answer: the edits of its text, and nothing about the file it stands in."""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from arcbook.cells.arguments import read_arguments
from arcbook.cells.check import simple_type
from arcbook.cells.describe import offered_magics
from arcbook.cells.hocon import read_objects
from arcbook.cells.magics import MAGICS, MagicSpec, magic_word, stage_keys
from arcbook.cells.tree import Path, Tree
from arcbook.core.failures import CellError
from arcbook.core.span import Lines, Span
from arcbook.core.suggest import nearest
from arcbook.stages.base import Stage
from arcbook.stages.registry import stage_types
from arcbook.stages.unknown import meant_stage

#: A misspelt key is the one it is most like, if it is like it at all and clearly more so than like any other.
_ALIKE, _CLEARLY = 0.8, 0.04
_BLANK_BEHIND_EQUALS = re.compile(r'(?<!\S)([A-Za-z]\w*)=([ \t]+)(?=(?:"(?:[^"\\\n]|\\.)*"|[^\s="]+)(?:\s|$))')


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace `source[start:end]` of a cell by `text`."""

    start: int
    end: int
    text: str
    message: str


def edits_of(source: str, environments: Sequence[str] = ()) -> list[Edit]:
    """The repairs of a code cell's text: misspelt magics, arguments, stage types and keys.

    `environments` are what a stage shall list that lists none; empty to leave that as it is.
    """
    word = magic_word(source)
    if word is None:
        return _objects(source, 0, environments)
    written, start, end = word
    name, edits = written.lower(), []
    if name not in MAGICS:
        near = nearest(name, offered_magics())
        if near is None:
            return []
        edits.append(Edit(start, end, near, f"`%{written}` is now `%{near}`"))
        name = near
    spec = MAGICS[name]
    line_end = source.find("\n", end)
    line_end = len(source) if line_end < 0 else line_end
    if spec.body == "objects":
        edits += _objects(source, line_end, environments)
    if not spec.takes_line:
        edits += _line(source, end, line_end, spec, environments)
    return edits


def stage_edits(text: str, tree: Tree, environments: Sequence[str], lines: Lines, address: str = "") -> list[Edit]:
    """The repairs of one stage object, for those of its places that lie in the text at `address`."""
    here = {path: span for path, span in tree.spans.items() if span.origin == address}
    tree = Tree(tree.value, here, {path: span for path, span in tree.key_spans.items() if span.origin == address})
    edits: list[Edit] = []
    stage_type = _type_of(text, tree, lines, edits)
    if stage_type is not None:
        edits += _keys(text, tree, lines, stage_type)
    if environments and "environments" not in tree.value and not any("environments" in edit.text for edit in edits):
        edits += _environments(text, tree, lines, environments)
    return edits


def only_near(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` must be a misspelling of, or None when that is not certain."""
    by_lower = {each.lower(): each for each in known}
    likeness = {each: _likeness(word.lower(), each) for each in by_lower}
    best, *others = sorted(likeness, key=lambda each: -likeness[each]) or [""]
    if likeness.get(best, 0.0) < _ALIKE or (others and likeness[best] - likeness[others[0]] < _CLEARLY):
        return None
    return by_lower[best]


def _likeness(word: str, other: str) -> float:
    """From 0 to 1; letters in another order are a slip of the fingers."""
    ratio = difflib.SequenceMatcher(None, word, other).ratio()
    return max(ratio, _ALIKE) if sorted(word) == sorted(other) else ratio


def _line(source: str, start: int, end: int, spec: MagicSpec, environments: Sequence[str]) -> Iterator[Edit]:
    """The repairs of a magic's first line."""
    known = {argument.name for argument in spec.arguments} | (stage_keys(spec.makes_stage) or set())
    yield from _blanks(source, start, end)
    line = read_arguments(source, start, end)
    given = set(line.arguments)
    # Of a stage that is not there no key is known, so none is misspelt.
    for key, argument in line.arguments.items() if not spec.makes_stage or stage_keys(spec.makes_stage) else ():
        near = None if key in known else nearest(key, known)
        if near and near not in given:
            given.add(near)
            # The value's place is known; its key and the `=` stand directly in front of it.
            value = Lines(source).offset(argument.span.line, argument.span.column) or 0
            first = value - len(key) - 1
            yield Edit(first, first + len(key), near, f"`{key}=` is now `{near}=`")
    if spec.makes_stage and environments and not line.problems and "environments" not in given:
        listed = ",".join(environments)
        behind = len(source[:end].rstrip())
        yield Edit(behind, behind, f" environments={listed}", f"`%{spec.name}` now has `environments={listed}`")


def _blanks(source: str, start: int, end: int) -> Iterator[Edit]:
    """`key= value`, which Arc ignores without a word."""
    for found in _BLANK_BEHIND_EQUALS.finditer(source, start, end):
        if source.count('"', start, found.start()) % 2 == 0:
            yield Edit(*found.span(2), "", f"the blank behind `{found[1]}=` is gone")


def _objects(source: str, start: int, environments: Sequence[str]) -> list[Edit]:
    """The repairs of stage text from `start` on; none of text that does not parse."""
    # Blanks in front keep every place true.
    text = re.sub(r"[^\n]", " ", source[:start]) + source[start:]
    try:
        trees = read_objects(text)
    except CellError:
        return []
    lines = Lines(text)
    return [edit for tree in trees for edit in stage_edits(text, tree, environments, lines)]


def _type_of(text: str, tree: Tree, lines: Lines, edits: list[Edit]) -> type[Stage] | None:
    """The type of a stage, also a misspelt one, whose repair is added to `edits`."""
    named = tree.value.get("type")
    if not isinstance(named, str):
        return None
    simple = simple_type(named)
    found = stage_types().get(simple)
    near = None if found or not simple else meant_stage(simple)
    place = _place(tree.spans, ("type",), lines)
    if near is None or place is None:
        return found
    offset = text[slice(*place)].rfind(simple)
    if offset < 0:
        return None
    start = place[0] + offset
    edits.append(Edit(start, start + len(simple), near, f"the type `{simple}` is now `{near}`"))
    return stage_types()[near]


def _keys(text: str, tree: Tree, lines: Lines, stage_type: type[Stage]) -> Iterator[Edit]:
    known = {"type", *stage_type.keys()}
    taken = set(tree.value)
    for key in tree.value:
        near = None if key in known else only_near(key, known - taken)
        place = _place(tree.key_spans, (key,), lines) if near else None
        if near is None or place is None or text[slice(*place)].strip('"') != key:
            continue
        taken.add(near)
        quoted = text[place[0]] == '"'
        yield Edit(*place, json.dumps(near) if quoted else near, f"the key `{key}` is now `{near}`")


def _environments(text: str, tree: Tree, lines: Lines, environments: Sequence[str]) -> Iterator[Edit]:
    """The list behind the stage's name (or its type), on a line of its own where that is."""
    key = next((each for each in ("name", "type") if _place(tree.spans, (each,), lines)), None)
    value = _place(tree.spans, (key,), lines) if key else None
    begun = _place(tree.key_spans, (key,), lines) if key else None
    if value is None or begun is None:
        return
    line = text[text.rfind("\n", 0, begun[0]) + 1 : begun[0]]
    line_end = "\r\n" if text.endswith("\r\n", 0, begun[0] - len(line)) else "\n"
    alone = len(line) < begun[0] and not line.strip(" \t")
    between = line_end + line if alone else " "
    word = '"environments"' if text[begun[0]] == '"' else "environments"
    listed = json.dumps(list(environments), ensure_ascii=False)
    name = tree.value.get("name", tree.value.get("type"))
    yield Edit(value[1], value[1], f",{between}{word}: {listed}", f"the stage `{name}` now lists its environments")


def _place(spans: Mapping[Path, Span], path: Path, lines: Lines) -> tuple[int, int] | None:
    span = spans.get(path)
    if span is None:
        return None
    start, end = lines.offset(span.line, span.column), lines.offset(span.end_line, span.end_column)
    return None if start is None or end is None else (start, end)
