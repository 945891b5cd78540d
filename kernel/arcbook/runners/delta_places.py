"""Addresses of Delta tables as an engine is told them.

Sail 0.7 encodes the path of a Delta table as a web address would be, and takes the result for the path: with a blank,
a `%` or a letter beyond ASCII in it, it looks for the log beside the table, and writes a table of its own there. On
this machine it is therefore told a link that leads to the table. On S3 nothing can stand for another address.
"""

import atexit
import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from arcbook.core.addresses import is_s3
from arcbook.core.failures import DefinitionError
from arcbook.core.notes import run_folder
from arcbook.engines.session import Session
from arcbook.runners.reading.listing import absolute, can_list, local_path
from arcbook.sql.offsets import Replacement, render
from arcbook.sql.references import analyse
from arcbook.sql.rewrite import delta_path

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, DataFrameWriter

_PLAIN = re.compile(r"[A-Za-z0-9/._~=+,@:-]*")


def read_table(place: str, session: Session, version: int | None = None) -> "DataFrame":
    """The rows of the Delta table at `place`, as it is or in an earlier `version`.

    Raises:
        DefinitionError: the engine cannot work at this place.
    """
    reader = session.spark.read.format("delta")
    if version is not None:
        reader = reader.option("versionAsOf", str(version))
    return reader.load(for_engine(place, session))


def save_table(writer: "DataFrameWriter", place: str, session: Session) -> None:
    """Write the Delta table at `place`, whose folder is made when it is not there.

    Raises:
        DefinitionError: the engine cannot work at this place.
    """
    with _folder_for(place, session):
        writer.format("delta").save(for_engine(place, session))


def for_engine(place: str, session: Session) -> str:
    """The address by which the session's engine finds the Delta table at `place`.

    Raises:
        DefinitionError: the engine cannot work at this place.
    """
    if not _is_mistaken(place, session):
        return place
    if is_s3(place):
        raise DefinitionError(
            f"The engine `embedded` finds no Delta table at {place}: of other characters than letters of ASCII, digits "
            "and /._~=+,@:- it makes another address. Choose another address, or `--engine local`."
        )
    path = _path(place)
    if not path.is_dir():
        return place  # the engine says that nothing is there
    link = _links() / hashlib.sha256(str(path).encode()).hexdigest()[:16]
    with suppress(FileExistsError):
        link.symlink_to(path)
    return str(link)


def statement_for_engine(text: str, session: Session) -> str:
    """A statement with the Delta tables that it names by path named as the session's engine finds them.

    Raises:
        DefinitionError: the engine cannot work at one of the places.
        SqlError: no engine accepts the statement.
    """
    if session.engine != "embedded" or "delta" not in text.lower():
        return text
    found = analyse(text)
    tables = [each for each in (*found.reads, *found.writes) if each.path and each.name.lower().startswith("delta.")]
    changed = [
        Replacement(each.start, each.end, delta_path(for_engine(each.path, session)))
        for each in tables
        if each.path and _is_mistaken(each.path, session)
    ]
    return render(text, changed).text


def _is_mistaken(place: str, session: Session) -> bool:
    """Whether the engine takes the address for another one."""
    if session.engine != "embedded" or not can_list(place):
        return False
    return _PLAIN.fullmatch(place if is_s3(place) else str(_path(place))) is None


def _path(place: str) -> Path:
    return Path(absolute(local_path(place)))


@contextmanager
def _folder_for(place: str, session: Session) -> Iterator[None]:
    """For a link to lead to something: the folder of a table to come. It goes when nothing came."""
    if is_s3(place) or not _is_mistaken(place, session):
        yield
        return
    path = _path(place)
    made = [each for each in (path, *path.parents) if not each.exists()]
    path.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        with suppress(OSError):  # not empty: what the engine has left stays, as it would at any other place
            for each in made:
                each.rmdir()
        raise


@cache
def _links() -> Path:
    """A folder for links, for as long as this process lives."""
    folder = tempfile.mkdtemp(prefix="arcbook-links-", dir=run_folder())
    if not _PLAIN.fullmatch(folder):
        shutil.rmtree(folder)
        folder = tempfile.mkdtemp(prefix="arcbook-links-", dir="/tmp")  # a new folder, of this user alone
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
