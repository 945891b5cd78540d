"""The one border where foreign errors become ours, by the table in `arcbook.core.foreign`."""

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from arcbook.core.failures import ERRORS_BY_NAME, ArcbookError, InternalError
from arcbook.core.foreign import ROWS
from arcbook.core.foreign.row import Row
from arcbook.core.problem import Problem

#: Foreign text in a message is cut to this many characters; all of it is in the detail.
LIMIT = 300
_TRACE = re.compile(r"\n\s*(?:Caused by: |== SQL|at [\w.$]+\(|Traceback \(most recent)|;\s*\n'", re.IGNORECASE)
_GRPC = re.compile(r'details = "(.*?)"\n', re.DOTALL)
_S3_ANSWER = re.compile(r"<Code>(\w+)</Code>\s*<Message>(.*?)</Message>", re.DOTALL)
#: What Spark says of every failed task before the reason, which stands among the causes when other tasks were awaited.
_FAILED_TASK = re.compile(
    r"^Job aborted due to stage failure: .*? executor \S+\): |[\w.$]*: Exception thrown in awaitResult:"
)
_CAUSE = re.compile(r"^Caused by: (.+)$", re.MULTILINE)
_FRAME = re.compile(r"^[ \t]+(?:at [\w.$/<>-]+(?:\(.*)?|\.\.\. \d+ more)$\n?", re.MULTILINE)
_CLUTTER = re.compile(
    r"^\[Errno -?\d+\] |^\((?:[\w.$]+Exception|[\w.$]+Error)\) |^\[[A-Z_.0-9]+\] ?|\s*SQLSTATE: \w+|^[\w ]+: (?=\[)"
)
_HADOOP = re.compile(r"\b(?:software\.amazon|com\.amazonaws|org\.apache|java)\.[\w.$]+: | ?\(Service: [^)]*\)(?::\w+)?")
_CANDIDATES = re.compile(r"Did you mean one of the following\? \[(.*?)\]", re.DOTALL)


@contextmanager
def translating(doing: str = "") -> Iterator[None]:
    """Raise every error of the block as ours, the foreign one as its cause; `doing` opens the message.

    `doing` says in a few words what was not possible and where ("cannot read s3://…"), which a foreign text may not.
    """
    try:
        yield
    except ArcbookError:
        raise
    except (Exception, KeyboardInterrupt) as error:  # the border: whatever comes is given a class
        raise translate(error, doing) from error


def translate(error: BaseException, doing: str = "") -> ArcbookError:
    """Our error for `error`; one of ours comes back as it is. Nothing is raised.

    `doing` opens the message of a foreign error, which is a few lines at most. The whole foreign text and trace are in
    `.detail`.
    """
    if isinstance(error, ArcbookError):
        return error
    carried = _carried(error)
    if carried is not None:
        return carried
    text = str(error)
    spoken = without_trace(text) + _state(error)
    names = qualified_names(type(error))
    for row in ROWS:
        if not row.concerns(names):
            continue
        found = row.text.search(spoken) if row.text else None
        if row.text is None or found is not None:
            return _made(row, found, error, spoken, doing)
    said = f"Unexpected {type(error).__name__}: {shortened(text) or 'no message'}"
    return InternalError(_opened(doing, said), detail=_detail(error, text))


def qualified_names(error_class: type[BaseException]) -> tuple[str, ...]:
    """`module.Class` of a class and its bases, nearest first."""
    return tuple(f"{base.__module__}.{base.__qualname__}" for base in error_class.__mro__)


def without_trace(text: str) -> str:
    """A foreign text without the lines of its stack trace, whose method names would mislead; causes are kept."""
    head, *trace = re.split(r"\n\s*JVM stacktrace:", text, maxsplit=1)
    causes = re.findall(r"^Caused by: .*$", trace[0], re.MULTILINE) if trace else []
    return "\n".join([_FRAME.sub("", head), *causes])


def shortened(text: str) -> str:
    """The first sentence or two of a foreign text, without traces, error classes and plans."""
    grpc = _GRPC.search(text)
    text = grpc.group(1) if grpc else text
    answer = _S3_ANSWER.search(text)
    text = f"{answer.group(1)}: {answer.group(2)}" if answer else text
    causes = _CAUSE.findall(text)
    text = _TRACE.split(text, maxsplit=1)[0].strip()
    text = _FAILED_TASK.sub("", text).strip() or (causes[-1] if causes else text)
    for _ in range(3):
        text = _CLUTTER.sub("", text).strip()
    text = _HADOOP.sub("", text)
    text = re.sub(r"\s+", " ", text)
    return text if len(text) <= LIMIT else f"{text[:LIMIT].rsplit(' ', 1)[0]} …"


def _state(error: BaseException) -> str:
    """The SQLSTATE of an engine's error whose text lacks it, as those of Delta do."""
    tell = getattr(error, "getSqlState", None)
    if not callable(tell) or "SQLSTATE" in str(error):
        return ""
    try:
        state = tell()
    except Exception:  # noqa: BLE001  # PySpark looks the state up in tables that may lack the error
        return ""
    return f" SQLSTATE: {state}" if state else ""


def _opened(doing: str, message: str) -> str:
    return f"{doing}: {message}" if doing else message


def _made(row: Row, found: re.Match[str] | None, error: BaseException, text: str, doing: str) -> ArcbookError:
    groups = [group.strip() for group in found.groups() if group] if found else []
    named = "{0}" in row.lead and bool(groups)
    lead = row.lead.format(*groups) if named else row.lead if "{0}" not in row.lead else ""
    # A lead with a name says all that the foreign text says.
    # The system's own words repeat the place that `doing` has named.
    said = error.strerror if doing and isinstance(error, OSError) and error.strerror else shortened(text)
    message = lead if named else " ".join(part for part in (lead, said) if part)
    message = _opened(doing, message or type(error).__name__)
    message = message if message[-1] in ".?!…" else f"{message}."
    remedy = _suggestion(text) or row.remedy
    problems = (Problem(row.code, message.rstrip("."), remedy=remedy),) if row.code else ()
    shown = f"{message} {remedy}" if remedy and remedy not in message else message
    return row.error(shown, problems=problems, detail=_detail(error, str(error)))


def _suggestion(text: str) -> str:
    """The engine's own proposal, when it makes one."""
    found = _CANDIDATES.search(text)
    names = [name.strip().rsplit(".", 1)[-1] for name in found.group(1).split(",")] if found else []
    return f"Did you mean {' or '.join(dict.fromkeys(names[:3]))}?" if names else ""


def _carried(error: BaseException) -> ArcbookError | None:
    """Ours again, when a notebook client reports by name and text an error that a kernel raised."""
    name = getattr(error, "ename", None)
    wanted = ERRORS_BY_NAME.get(name) if isinstance(name, str) else None
    if wanted is None:
        return None
    # CellError is made of problems, which do not travel; its base is the same failure class.
    wanted = ERRORS_BY_NAME["DefinitionError"] if name == "CellError" else wanted
    return wanted(str(getattr(error, "evalue", "")), detail=str(error))


def _detail(error: BaseException, text: str) -> str:
    trace = getattr(error, "getStackTrace", None)
    foreign = trace() if callable(trace) else None
    parts = [text, foreign or "".join(traceback.format_exception(error))]
    return "\n\n".join(part for part in parts if part)
