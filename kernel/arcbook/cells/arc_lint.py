"""What original Arc would do differently with a job: for teams that still run it there, or compare the two."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from arcbook.cells.arguments import read_arguments
from arcbook.cells.check import simple_type
from arcbook.cells.convert import kinds_of, plugin_trees_of, trees_of
from arcbook.cells.layout import PLUGIN_MAGICS
from arcbook.cells.magics import MAGICS, MagicSpec, magic_word, read_cell
from arcbook.cells.messages import opening
from arcbook.cells.model import Cell
from arcbook.cells.notebook import Job, source_of
from arcbook.cells.places import place_of, span_within
from arcbook.cells.rules.base import key_roles
from arcbook.cells.tree import Concatenation, Tree
from arcbook.core.addresses import scheme_of
from arcbook.core.failures import CellError
from arcbook.core.kernelspec import KERNEL
from arcbook.core.problem import Problem, Severity
from arcbook.core.span import Lines, Span
from arcbook.core.suggest import nearest
from arcbook.sql.placeholders import named_parameters
from arcbook.stages.keys import INPUT, SCHEMA, STATEMENT, Role
from arcbook.stages.registry import plugin_types, stage_types
from arcbook.stages.unknown import is_of_arc

#: How a notebook cell becomes a stage in Arc: by the first of these that it starts with. Others are left out.
_PREFIXES = (
    "arc", "configplugin", "lifecycleplugin", "configexecute", "log", "metadatafilter", "metadatavalidate",
    "sqlvalidate", "sql",
)  # fmt: skip
#: Magics that matter to a job, and that Arc leaves out.
_DROPPED = MappingProxyType(
    {
        "params": "so its parameters have no values",
        "python": "so its Python does not run",
        "environment": "so it chooses no environment",
        "env": "so its values do not exist in a job",
        "secret": "so its values do not exist in a job",
        "document": "so its values do not exist in a job",
    }
)
#: Keys that arcbook obeys, by stage type, and what Arc does with them.
_REFUSED, _IGNORED = "refuses the key", "accepts the key and ignores it"
_KEYS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "DelimitedExtract": {"schema": _REFUSED},
        "JSONExtract": {"schema": _REFUSED},
        "ParquetExtract": {"schema": _REFUSED},
        "DeltaLakeExtract": {"schema": _REFUSED},
        "SQLValidate": dict.fromkeys(("severity", "evidence", "evidenceColumns"), _REFUSED),
        "MetadataValidate": dict.fromkeys(("severity", "evidence"), _REFUSED),
        "JDBCExecute": {"sql": _REFUSED, "user": _IGNORED, "password": _IGNORED},
        **dict.fromkeys(
            ("ParquetLoad", "JSONLoad"), dict.fromkeys(("replaceWhere", "partitionOverwriteMode"), _REFUSED)
        ),
        "DeltaLakeLoad": dict.fromkeys(("replaceWhere", "mergeSchema", "overwriteSchema"), _IGNORED),
    }
)
_SINGLE_QUOTE = re.compile(r"'")
_EMPTY = re.compile(r"(?<!\S)(\w+)=(?=\s+\S)")
_RELATIVE_INCLUDE = re.compile(r'(?m)^[ \t]*include[ \t]+(?:required[ \t]*\([ \t]*)?("[^"\n]*")')


def arc_differences(job: Job, text: str) -> list[Problem]:
    """The places of a job at which original Arc would not do what arcbook does, in their order.

    Args:
        job: the job as it was read; cells that could not be read are looked at all the same.
        text: the text of its file.
    """
    found = list(_notebook(job)) if job.kind == "notebook" else list(_document(job, text))
    found += _plugins(job.cells)
    return sorted(dict.fromkeys(found), key=place_of)


def _plugins(cells: Iterable[Cell]) -> Iterator[Problem]:
    """Plugins that are not here, act on fewer stages here, or are taken away, which Arc does not do."""
    behind_stages = False
    for cell in cells:
        try:
            behind_stages |= bool(trees_of(cell))
            plugins = plugin_trees_of(cell)
        except CellError:
            continue  # `check` says what is wrong with it
        for tree in plugins:
            name, place = _type(tree), tree.span(("type",)) or opening(tree.span(()))
            if name not in plugin_types():
                yield _difference("plugins", f"Arc runs the plugin `{name}` if it has it; arcbook has not", place)
            elif behind_stages:
                message = f"in Arc the plugin `{name}` affects all stages, also those in front of it"
                yield _difference("plugins", message, place, "Move its cell in front of the first stage.")
        if cell.magic == "lifecycleplugin" and "remove" in cell.arguments:
            yield _difference("plugins", "Arc takes no plugin away", cell.arguments["remove"].span)


def _difference(kind: str, message: str, span: Span | None, remedy: str = "") -> Problem:
    return Problem("arc-difference", message, span, kind, remedy, Severity.WARNING)


def _document(job: Job, text: str) -> Iterator[Problem]:
    for found in _RELATIVE_INCLUDE.finditer(text):
        if not scheme_of(found[1].strip('"')):
            span = Span.at(text, *found.span(1), origin=job.origin)
            remedy = "Write `include file(…)` with a whole path, or `include url(…)`."
            yield _difference("relative-include", "Arc finds nothing at a relative include, and goes on", span, remedy)
    for cell in job.cells:
        yield from _stages(cell)


# -- notebooks ---------------------------------------------------------------------------------------------------------


def _notebook(job: Job) -> Iterator[Problem]:
    if job.kernel_name != KERNEL:
        message = f"Arc refuses a notebook whose kernel is not `{KERNEL}`"
        yield _difference("kernel", message, Span(1, 1, 1, 2, origin=job.origin), "Run `arcbook lint --fix`.")
    raw = [each for each in (job.notebook or {}).get("cells", ()) if isinstance(each, dict)]
    for number, each in enumerate((each for each in raw if each.get("cell_type") == "code"), start=1):
        source = source_of(each)
        if isinstance(each.get("source"), str) and source.strip():
            span = Span(1, 1, 1, 2, number, job.origin)
            remedy = "Run `arcbook lint --fix`."
            yield _difference("source-as-text", "Arc loses this cell: its source is one text, no list", span, remedy)
            continue
        yield from _cell(source, number, job.origin)


def _cell(source: str, number: int, origin: str) -> Iterator[Problem]:
    word = magic_word(source)
    if word is not None:
        written, start, end = word
        span = Span.at(source, start - 1, end, cell=number, origin=origin)
        yield from _magic(source, written, start, span)
        spec = MAGICS.get(written.lower())
        if spec is not None and spec.makes_stage:
            yield from _arguments(source, end, spec, number, origin)
    try:
        cell = read_cell(source, number=number, origin=origin)
    except CellError:
        return  # `check` says what is wrong with it
    yield from _stages(cell)


def _magic(source: str, written: str, start: int, span: Span) -> Iterator[Problem]:
    name = written.lower()
    taken = next((prefix for prefix in _PREFIXES if name.startswith(prefix)), None)
    if source[max(0, start - 2) : start] == "%%":
        yield _difference("dropped-cell", f"Arc leaves the cell out: it starts with `%%{written}`", span)
    elif name in PLUGIN_MAGICS and written != name:
        yield _difference("dropped-cell", f"Arc leaves the cell out: it knows `%{name}` in small letters only", span)
    elif name not in MAGICS:
        does = f"runs it as `%{taken}`" if taken else "leaves the cell out without a word"
        gate = ", so the gate never fires" if taken == "sql" and nearest(name, MAGICS) == "sqlvalidate" else ""
        yield _difference("misspelt-magic", f"Arc knows no `%{written}` and {does}{gate}", span)
    elif name in _DROPPED:
        yield _difference("dropped-cell", f"Arc leaves a `%{name}` cell out of a job, {_DROPPED[name]}", span)
    elif name in ("metadata", "list") and re.search(r"\boutputView=", source.split("\n", 1)[0]):
        yield _difference("dropped-cell", f"Arc leaves a `%{name}` cell out of a job, so its view is not there", span)


def _arguments(source: str, start: int, spec: MagicSpec, number: int, origin: str) -> Iterator[Problem]:
    """What Arc's splitting of a magic's first line makes of it."""
    end = source.find("\n", start)
    end = len(source) if end < 0 else end
    lines = Lines(source, origin=origin, cell=number)
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', lambda found: '"' * len(found[0]), source[:end])
    if quote := _SINGLE_QUOTE.search(outside, start):
        message = "Arc does not split arguments in front of a single quote: they are lost, and it quotes nothing"
        yield _difference("single-quote", message, lines.span(*quote.span()), "Use double quotes.")
    for found in _EMPTY.finditer(outside, start):
        message = f"Arc ignores `{found[1]}=`, for a blank follows"
        yield _difference("blank-value", message, lines.span(*found.span()), "Remove the blank.")
    line = read_arguments(source, start, end, number=number, origin=origin)
    for found in re.finditer(r'\\"', source[start:end]):
        span = lines.span(start + found.start(), start + found.end())
        yield _difference("escaped-quote", "Arc keeps the backslash in front of this quote", span)
    kinds = _list_keys(spec.makes_stage)
    for name, argument in line.arguments.items():
        if name in kinds:
            message = f"Arc takes the argument `{name}` for text and refuses the stage, which wants {kinds[name]}"
            yield _difference("text-argument", message, argument.span, "Write the stage as an object.")
    body = source[end:]
    if (place := body.find('"""')) >= 0:
        message = "Arc ends the statement at three double quotes, and the job does not parse"
        yield _difference("triple-quote", message, lines.span(end + place, end + place + 3))


def _list_keys(makes_stage: str | None) -> dict[str, str]:
    """The keys that are lists or objects, apart from those that Arc's magics know."""
    words = {"list": "a list", "map": "an object"}
    return {
        key: words[kind]
        for key, kind in kinds_of(makes_stage).items()
        if kind in words and key not in ("environments", "sqlParams")
    }


# -- stages ------------------------------------------------------------------------------------------------------------


def _stages(cell: Cell) -> Iterator[Problem]:
    try:
        trees = trees_of(cell)
    except CellError:
        return
    yield from _glued(cell, trees)
    for tree in trees:
        for rule in _STAGE_RULES:
            yield from rule(tree, cell)


def _glued(cell: Cell, trees: list[Tree]) -> Iterator[Problem]:
    """Objects side by side are one object in HOCON; arcbook takes them for two stages."""
    if len(trees) < 2:
        return
    lines = Lines(cell.source)
    for first, second in pairwise(trees):
        before, after = first.span(()), second.span(())
        if before is None or after is None:
            continue
        start, end = lines.offset(before.end_line, before.end_column), lines.offset(after.line, after.column)
        if start is not None and end is not None and not re.search(r"[,\n]", cell.source[start:end]):
            yield _difference("glued-stages", "Arc merges this object with the one in front of it", opening(after))


def _type(tree: Tree) -> str:
    named = tree.value.get("type")
    return simple_type(named) if isinstance(named, str) else ""


def _unknown_type(tree: Tree, cell: Cell) -> Iterator[Problem]:
    name = _type(tree)
    if name in stage_types() and not is_of_arc(name):
        span = tree.spans.get(("type",)) or opening(tree.span(()))
        yield _difference("unknown-type", f"Arc has no stage type `{name}`", span)


def _no_environments(tree: Tree, cell: Cell) -> Iterator[Problem]:
    if not tree.value.get("environments"):
        message = "Arc skips this stage in every job: it lists no environments (arcbook too, and says so)"
        yield _difference("never-runs", message, opening(tree.span(())))


def _missing_view(tree: Tree, cell: Cell) -> Iterator[Problem]:
    if _type(tree) == "SQLTransform" and not tree.value.get("outputView"):
        message = "Arc 4 refuses a SQLTransform without `outputView`"
        yield _difference("missing-key", message, opening(tree.span(())))
    if _type(tree) == "JDBCExecute" and "sql" in tree.value:
        message = "Arc's JDBCExecute takes its statement from a file only"
        yield _difference("missing-key", message, tree.key_span(("sql",)), "Put it into a file and give `inputURI`.")


def _keys(tree: Tree, cell: Cell) -> Iterator[Problem]:
    name = _type(tree)
    for key, does in _KEYS.get(name, {}).items():
        if key in tree.value and (name, key) != ("JDBCExecute", "sql"):
            yield _difference("key", f"Arc {does} `{key}` of {name}", tree.key_span((key,)))
    if name == "DelimitedExtract" and tree.value.get("delimiter") == "Custom" and tree.value.get("multiLine"):
        message = "Arc ignores `multiLine` beside a custom delimiter"
        yield _difference("key", message, tree.key_span(("multiLine",)))
    options = tree.value.get("options")
    if (
        name == "DeltaLakeExtract"
        and isinstance(options, dict)
        and {"timestampAsOf", "canReturnLastCommit"} <= {*options}
    ):
        message = "Arc fails with an internal error on `timestampAsOf` with `canReturnLastCommit`"
        yield _difference("key", message, tree.key_span(("options", "canReturnLastCommit")))


def _both_keys(tree: Tree, cell: Cell) -> Iterator[Problem]:
    """Of two keys that exclude each other Arc takes one; arcbook refuses the stage."""
    name = _type(tree)
    for group, winner in ((STATEMENT, "inputURI"), (INPUT, "inputView"), (SCHEMA, "schemaView")):
        given = [key for key in group if key in tree.value]
        if len(given) > 1 and winner in given and not (group is SCHEMA and name == "TypingTransform"):
            loser = next(key for key in given if key != winner)
            message = f"Arc takes `{winner}` and passes over `{loser}`; arcbook refuses the stage"
            yield _difference("both-keys", message, tree.key_span((loser,)), "Remove one of the two.")


def _parameters(tree: Tree, cell: Cell) -> Iterator[Problem]:
    """`:name` is nothing to Arc; and what its own replacing does to values."""
    sql = tree.value.get("sql")
    for each in named_parameters(sql) if isinstance(sql, str) else ():
        span = span_within(tree, ("sql",), cell.source, each.start, each.end)
        message = f"Arc binds no parameters: `:{each.name}` goes to Spark as it is, which refuses it"
        yield _difference("named-parameter", message, span, f"Write `${{{each.name}}}` with an entry in `sqlParams`.")
    given = tree.value.get("sqlParams")
    for name, value in given.items() if isinstance(given, dict) else ():
        if isinstance(value, str) and re.search(r"[\\$]", value):
            message = f"Arc takes `\\` and `$` in the value of `{name}` for signs of its own: they vanish, or it fails"
            yield _difference("backslash", message, tree.span(("sqlParams", name)))


def _beginning(value: Any) -> str:
    """What is certain of a text from its start on; nothing of one that begins with a placeholder."""
    first = value.parts[0] if isinstance(value, Concatenation) else value
    return first if isinstance(first, str) else ""


def _addresses(tree: Tree, cell: Cell) -> Iterator[Problem]:
    stage_type = stage_types().get(_type(tree))
    for key, role in key_roles(stage_type) if stage_type else ():
        value = _beginning(tree.value.get(key))
        if role not in (Role.READS_PLACE, Role.WRITES_PLACE, Role.DOCUMENT) or not value:
            continue
        span = tree.span((key,))
        scheme = scheme_of(value)
        if scheme in ("s3", "s3n"):
            message = f"Arc refuses `{scheme}://` on a local master"
            yield _difference("scheme", message, span, "Write `s3a://`, which both take.")
        elif role is Role.DOCUMENT and not scheme:
            message = f"Arc needs a scheme in `{key}`, and knows no address relative to the job"
            yield _difference("relative-address", message, span, "Write for example `file:///…` or `s3a://…`.")
        elif not scheme and not value.startswith("/"):
            message = "Arc takes a relative path from the folder of its process, arcbook from that of the job"
            yield _difference("relative-address", message, span, "Write the whole address.")


_STAGE_RULES: Iterable[Callable[[Tree, Cell], Iterator[Problem]]] = (
    _unknown_type, _no_environments, _missing_view, _keys, _both_keys, _parameters, _addresses,
)  # fmt: skip
