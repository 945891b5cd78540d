"""What `include` statements mean: which document, read how, how often, and what is said when it is not there."""

import re
from dataclasses import dataclass, field, replace
from typing import Literal

from arcbook.cells.fetch import Fetch
from arcbook.core.addresses import beside, scheme_of
from arcbook.core.failures import ArcbookError, InputError
from arcbook.core.problem import Problem, Severity
from arcbook.core.span import Span

#: Documents may include documents this deep, and a job this many in all.
MAX_INCLUDE_DEPTH = 20
MAX_INCLUDES = 500
#: All included text together, and a document itself; 20,000 stages of ordinary size are some 12 million characters.
MAX_CHARACTERS = 32_000_000

_FORM = re.compile(r"(?P<required>required\()?(?:(?P<kind>file|url|classpath)\()?")
#: Endings tried, in this order, for a name that has none.
_ENDINGS = (".json", ".conf")


class IncludeFormError(ValueError):
    """The words around the address are no form of `include`."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One `include`: the quoted address, the kind of it that was said, whether it must be there, and its place."""

    name: str
    kind: Literal["", "file", "url", "classpath"]
    required: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Included:
    """A document to insert: its address as the job spells it, the origin of its places, and its text."""

    address: str
    origin: str
    text: str


@dataclass(slots=True)
class Includes:
    """The including of one job or cell.

    `fetch` reads addresses in the job's own spelling, which is relative to the job's folder; `folder` is that folder,
    put in front of relative addresses where places are shown. `chain` are the documents being read, the outermost
    first. What is found without having to stop is added to `problems`.
    """

    fetch: Fetch | None = None
    folder: str = ""
    chain: tuple[str, ...] = ("",)
    texts: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    count: list[int] = field(default_factory=lambda: [0, 0])

    def inside(self, address: str) -> "Includes":
        """The including of a document that is itself included."""
        return replace(self, chain=(*self.chain, address))

    def documents(self, statement: Statement) -> list[Included]:
        """The documents that a statement inserts, later ones over earlier ones; none when something is wrong."""
        problem = self._refused(statement)
        if problem:
            self.problems.append(problem)
            return []
        address = self._address(statement)
        last = address.rpartition("/")[2]
        named = "." in last or scheme_of(statement.name) or statement.kind == "url"
        tried = [address] if named else [address + ending for ending in _ENDINGS]
        found = [each for each in (self._read(each, statement) for each in tried) if each is not None]
        if not found and not any(problem.span == statement.span for problem in self.problems):
            self.problems.append(_absent(statement, tried, self.shown(address)))
        return found

    def shown(self, address: str) -> str:
        """An address as places have it: so that it can be opened from where the job was named."""
        return beside(f"{self.folder}/", address) if self.folder and not scheme_of(address) else address

    def _address(self, statement: Statement) -> str:
        if scheme_of(statement.name):
            return statement.name
        if statement.kind == "classpath":
            return beside("", statement.name.lstrip("/"))
        return beside(self.chain[-1], statement.name)

    def _refused(self, statement: Statement) -> Problem | None:
        def refused(message: str, remedy: str) -> Problem:
            return Problem("include", message, statement.span, "include", remedy)

        if self.fetch is None:
            return refused("nothing can be included here", "Write the included text here.")
        if not statement.name.strip():
            return refused("the address to include is empty", 'Write `include "common.conf"`.')
        if statement.kind == "url" and not scheme_of(statement.name):
            return refused(f"`{statement.name}` is no URL", "Start it with `https://`, `s3://` or `file://`.")
        if statement.name.lower().endswith(".properties"):
            return refused(f"{statement.name} is a file of Java properties", 'Write it as HOCON: `key = "value"`.')
        if len(self.chain) > MAX_INCLUDE_DEPTH:
            return refused(f"documents include each other more than {MAX_INCLUDE_DEPTH} deep", "Include them directly.")
        if self.count[0] >= MAX_INCLUDES or self.count[1] > MAX_CHARACTERS:
            limits = f"{MAX_INCLUDES} documents or {MAX_CHARACTERS:,} characters"
            return refused(f"more than {limits} are included", "Include each document once.")
        return None

    def _read(self, address: str, statement: Statement) -> Included | None:
        """The document at `address`, or None when it is not there or must not be read (then a problem says so)."""
        origin = self.shown(address)
        if address in self.chain:
            loop = " -> ".join(self.shown(each) for each in (*self.chain[self.chain.index(address) :], address))
            message = f"the document includes itself: {loop}"
            self.problems.append(Problem("include", message, statement.span, "include", "Break the circle."))
            return None
        assert self.fetch is not None  # refused before
        try:
            text = self.texts[origin] if origin in self.texts else self.fetch(address)
        except ArcbookError as error:
            if not _not_there(error):
                remedy = "Check the address, and that it may be read."
                self.problems.append(Problem("include", error.message, statement.span, "include", remedy))
            return None
        self.count[0] += 1
        self.count[1] += len(text)
        if self.count[1] > MAX_CHARACTERS:
            problem = self._refused(statement)
            self.problems += [problem] if problem else []
            return None
        self.texts[origin] = text
        return Included(address, origin, text)


def read_form(before: str, after: str) -> tuple[Literal["", "file", "url", "classpath"], bool]:
    """Kind and requiredness of an include from the words in front of its address and behind it, without blanks.

    Raises:
        IncludeFormError: they are no form of include.
    """
    found = _FORM.fullmatch(before)
    if found is None or after != ")" * before.count("("):
        raise IncludeFormError(f"`include {before}…{after}` is no form of include")
    kind = found["kind"] or ""
    return kind, found["required"] is not None  # type: ignore[return-value]  # the pattern lists the kinds


def _not_there(error: ArcbookError) -> bool:
    """Whether nothing stands at an address: HOCON then includes nothing."""
    cause = error.__cause__
    if isinstance(cause, FileNotFoundError | NotADirectoryError):
        return True
    answer = getattr(cause, "response", None)  # botocore's
    code = str(answer.get("Error", {}).get("Code", "")) if isinstance(answer, dict) else getattr(cause, "code", "")
    return isinstance(error, InputError) and str(code) in ("404", "410", "NoSuchKey", "NotFound")


def _absent(statement: Statement, tried: list[str], shown: str) -> Problem:
    folder = "; arcbook looks in the job's folder" if statement.kind == "classpath" else ""
    names = " or ".join(name.rpartition("/")[2] for name in tried) if len(tried) > 1 else ""
    message = f"there is no document {shown} to include{f' ({names})' if names else ''}{folder}"
    if statement.required:
        return Problem("include", message, statement.span, "include", "Check the address.")
    remedy = 'Check the address, or write `include required("…")` if the job cannot do without it.'
    return Problem("include", message, statement.span, "include", remedy, Severity.WARNING)
