"""Writing a folder of files so that a failure leaves it as it was, and a repeated run writes nothing twice.

All files are first written where no reader looks. Then, on this machine, a whole folder is exchanged for the new one in
one step. Where files join others, and on S3, where nothing can be renamed, a *pending* note says which files come and
which go: from that moment on the write is made. Whoever finds the note of a writer that died (the next write, the
next extract) brings its work to an end.

A write that has a key leaves a *done* note under it, which goes when the whole folder is overwritten: so an append of
a run that is repeated is made once, and is made again after the same run has replaced what it was added to.

    <folder>/_arcbook/pending/<id>.json   the note; its file name is the hash of the key, or of chance
    <folder>/_arcbook/done/<id>           empty
    <folder>/_arcbook/stage/<id>/…        files that wait for their note
    .<folder>.<id>.new                    beside a local folder: its successor, and after the exchange its predecessor
"""

import json
import uuid
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

from arcbook.core.failures import InputError
from arcbook.core.translate import translating
from arcbook.runners.reading.listing import can_list, without_pattern
from arcbook.runners.targets.base import DONE, PENDING, Target
from arcbook.runners.targets.open import note_name, open_target

#: Writes all files into the folder at the given address, which is empty.
Write = Callable[[str], None]
#: The old files that the new ones replace; all are given relative to the folder.
Replaced = Callable[[Collection[str], Collection[str]], Collection[str]]

_SUCCESS = "_SUCCESS"


@dataclass(frozen=True, slots=True)
class Placed:
    """What was written: data files with their sizes by address. `skipped` says that the target was left alone."""

    files: tuple[tuple[str, int], ...] = ()
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class _Note:
    """What one write does to a folder: files that come out of its stage, files that go."""

    stage: str
    add: tuple[str, ...]
    remove: tuple[str, ...]
    keep: bool

    def to_json(self) -> bytes:
        return json.dumps(
            {"format": 1, "stage": self.stage, "add": self.add, "remove": self.remove, "keep": self.keep}
        ).encode()


def place(
    uri: str,
    save_mode: str,
    write: Write,
    when_empty: Write | None = None,
    *,
    key: str = "",
    replaced: Replaced | None = None,
) -> Placed:
    """Write into the folder `uri` as `save_mode` says.

    Args:
        uri: a local folder, or one on S3.
        save_mode: Append, Overwrite, ErrorIfExists or Ignore.
        write: writes the files.
        when_empty: called after a `write` that left no file.
        key: names this write in all attempts at a run; empty when it is never repeated.
        replaced: chooses which files an Overwrite replaces; without it all are.

    Raises:
        InputError: the folder exists and `save_mode` is ErrorIfExists.
    """
    if not can_list(uri):
        raise InputError(f"cannot write to {uri}: use a path, file:// or s3://")
    target = open_target(uri)
    _settle(target)
    whole = save_mode == "Overwrite" and replaced is None
    name = note_name(key) if key else ""
    if name and not whole and target.read(f"{DONE}/{name}") is not None:
        return Placed(skipped=True)
    if save_mode in ("ErrorIfExists", "Ignore") and target.exists():
        if save_mode == "Ignore":
            return Placed(skipped=True)
        raise InputError(f"{uri} exists already, and `saveMode` is ErrorIfExists.")
    stage = uuid.uuid4().hex[:16]
    with target.staged(stage, whole=whole) as folder:
        write(folder)
        if when_empty is not None and not target.files_of(stage):
            when_empty(folder)
        written = target.files_of(stage)
        if target.is_beside(stage):
            _exchange(target, stage, done="" if whole else name)
        elif not _joined(target, stage, name, sorted(written), whole=whole, replaced=replaced):
            return Placed(skipped=True)
    return Placed(tuple((target.address(file), size) for file, size in sorted(written.items()) if not _hidden(file)))


def _exchange(target: Target, stage: str, *, done: str) -> None:
    """Put the staged folder in the place of the whole old one, with a done note of that name, if any."""
    target.put_staged(stage, _SUCCESS)
    if done:
        target.put_staged(stage, f"{DONE}/{done}")
    target.exchange(stage)


def settle(uri: str) -> None:
    """Bring writes into the folder `uri` to their end whose writers died; a pattern's folder is looked at."""
    folder = without_pattern(uri)
    if folder and can_list(folder):
        with translating(f"cannot list {folder}"):
            _settle(open_target(folder))


def _joined(
    target: Target, stage: str, name: str, new: Sequence[str], *, whole: bool, replaced: Replaced | None
) -> bool:
    """Let the staged files join those of the folder. False when another attempt has done so meanwhile."""
    old = [] if replaced is None and not whole else target.files()
    remove = old if whole else [] if replaced is None else replaced(old, new)
    if whole:
        remove = [*remove, *target.notes(DONE)]
    # A mark such as `_SUCCESS` may be there already; files of rows have names of their own.
    note = _Note(stage, tuple(new), tuple(sorted(set(remove) - set(new))), keep=bool(name) and not whole)
    pending = f"{PENDING}/{name if note.keep else stage}.json"
    if not target.create(pending, note.to_json(), stage):
        return False
    if note.keep and target.read(f"{DONE}/{name}") is not None:
        target.remove([pending])
        return False
    _apply(target, pending, note)
    return True


def _apply(target: Target, pending: str, note: _Note) -> None:
    """Do what a note says, as far as it is not done; what cannot be added is taken back."""
    added: list[str] = []
    try:
        target.add(note.stage, note.add, added)
    except BaseException:
        with suppress(Exception):  # what made adding fail is told; what is left is settled by the next one who comes
            target.remove([*added, pending])
        raise
    target.remove(note.remove)
    if target.read(_SUCCESS) is None:
        target.put(_SUCCESS)
    if note.keep:
        target.put(f"{DONE}/{pending.rpartition('/')[2].removesuffix('.json')}")
    target.remove([pending])


def _settle(target: Target) -> None:
    target.recover()
    for pending in target.notes(PENDING):
        text = target.read(pending)
        if text is None:
            continue  # its writer has just come to the end
        found = json.loads(text)
        note = _Note(found["stage"], tuple(found["add"]), tuple(found["remove"]), bool(found["keep"]))
        if target.is_alive(note.stage):
            continue
        if _is_void(target, pending, note):
            target.remove([*(file for file in note.add if not _hidden(file)), pending])
        else:
            _apply(target, pending, note)
        target.clear(note.stage)
    target.sweep()


def _is_void(target: Target, pending: str, note: _Note) -> bool:
    """Whether the writer failed and took its files with it, but could not take back its note: S3 had stopped to answer.

    The note is looked for last: whoever brings a write to its end removes the note before the stage.
    """
    there = {*target.files_of(note.stage), *target.files()}
    return not there.issuperset(note.add) and target.read(pending) is not None


def _hidden(name: str) -> bool:
    return name.rpartition("/")[2].startswith((".", "_"))
