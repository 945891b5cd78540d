"""Statements that change a Delta table, made once in all attempts at a run.

Delta on Spark puts the mark of such a statement into its commit. Sail's commits carry none, so a note beside the log
of the table says, before the statement, which version it has, and afterwards that it is done. A commit of that kind
that Sail made since a note of a killed attempt is that attempt's: another statement of the same kind that somebody else
ran on `embedded` in the same moment would be taken for it.

    <table>/_arcbook/changing/<hash of the key>    the version before, and the kind of statement
    <table>/_arcbook/changed/<hash of the key>     the version behind it
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from arcbook.engines.session import Session
from arcbook.runners.delta import actions_in, commit_files
from arcbook.runners.delta_once import next_mark, replaces_all
from arcbook.runners.reading.listing import write_text
from arcbook.runners.targets.base import OWN, Target
from arcbook.runners.targets.open import note_name, open_target

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_APP, _VERSION = "spark.databricks.delta.write.txnAppId", "spark.databricks.delta.write.txnVersion"


def change_once(
    path: str, key: str, operation: str, change: "Callable[[], DataFrame]", session: Session
) -> "DataFrame | None":
    """Change the table by `change`, unless an attempt at this run did so; then None.

    Args:
        path: the table.
        key: names the statement in all attempts at a run.
        operation: the statement's kind: merge, update, delete or insert.
        change: runs the statement.
        session: the session that `change` uses.
    """
    if session.engine != "embedded":
        mark = next_mark(path, key)
        if mark is None:
            return None
        with _marked(key, mark, session):
            return change()
    name, target = note_name(key), open_target(path)
    before, done = f"{OWN}/changing/{name}", f"{OWN}/changed/{name}"
    commits = commit_files(path)
    if (text := target.read(done)) is not None and not _any(commits, int(text), replaces_all):
        return None
    if (text := target.read(before)) is not None:
        version = int(json.loads(text)["version"])
        if _any(commits, version, lambda info: _is_of(info, operation)):
            _end(target, before, done, max(commits))
            return None
    write_text(target.address(before), json.dumps({"version": max(commits, default=-1), "operation": operation}))
    try:
        frame = change()
    except BaseException:
        # What was refused has left no commit; what was cut short is looked for by the next attempt.
        if not _any(commit_files(path), max(commits, default=-1), lambda info: _is_of(info, operation)):
            target.remove([before])
        raise
    _end(target, before, done, max(commit_files(path), default=0))
    return frame


@contextmanager
def _marked(key: str, mark: int, session: Session) -> Iterator[None]:
    session.spark.conf.set(_APP, key)
    session.spark.conf.set(_VERSION, str(mark))
    try:
        yield
    finally:
        session.spark.conf.unset(_APP)
        session.spark.conf.unset(_VERSION)


def _end(target: Target, before: str, done: str, version: int) -> None:
    write_text(target.address(done), str(version))
    target.remove([before])


def _any(commits: dict[int, str], behind: int, holds: Callable[[dict[str, object]], bool]) -> bool:
    """Whether a commit behind that version has such information."""
    for version, uri in sorted(commits.items()):
        if version <= behind:
            continue
        if any(holds(action["commitInfo"]) for action in actions_in(uri) if "commitInfo" in action):
            return True
    return False


def _is_of(info: dict[str, object], operation: str) -> bool:
    """Whether Sail made the commit by such a statement."""
    return "sail" in str(info.get("engineInfo")) and str(info.get("operation")).lower() == operation
