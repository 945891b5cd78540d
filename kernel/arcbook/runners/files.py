"""Files given to extracts: how an engine is asked for them, and what it says when there are none."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from arcbook.core.addresses import local_path, scheme_of
from arcbook.core.failures import DefinitionError, InputError
from arcbook.engines.session import Session
from arcbook.runners.extracting import Extracted
from arcbook.runners.placing import settle
from arcbook.runners.reading.listing import Source, can_list, list_sources
from arcbook.runners.views import read_view, require_columns
from arcbook.sql.quote import identifier

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def reads_itself(session: Session) -> bool:
    """Whether the engine's own readers keep file names and the order of rows; Sail's keep neither."""
    return session.engine != "embedded"


def read_by_engine(place: str, load: Callable[[], "DataFrame"]) -> Extracted:
    """What `load` reads, with the engine's words for missing input understood."""
    from pyspark.errors import AnalysisException, PySparkException

    settle(place)
    try:
        frame = load()
        if not frame.columns:
            return Extracted(lack="fields", place=place)
        files = frame.inputFiles()
        first = files[0] if files else ""
        return Extracted(frame=frame, place=place, files=len(files), size=_size_of(files), first=first)
    except AnalysisException as error:
        text = str(error)
        if "PATH_NOT_FOUND" in text:
            return Extracted(lack="path", place=place)
        if "UNABLE_TO_INFER_SCHEMA" in text:
            return Extracted(lack="files", place=place)
        raise
    except PySparkException as error:
        # The message itself speaks only of a lost task.
        if "FILE_FOOTER" in str(error) or "Could not read footer" in str(error):
            raise InputError(f"A file of {place} is no Parquet file.", detail=str(error)) from error
        raise


def total_size(sources: Iterable[Source]) -> int:
    """The bytes of all files together."""
    return sum(source.size for source in sources)


def _size_of(files: Iterable[str]) -> int | None:
    """The bytes of files by their addresses; None when one is not on this machine, where asking is not free."""
    total = 0
    for file in files:
        if scheme_of(file) not in ("", "file"):
            return None
        try:
            total += local_path(file).stat().st_size
        except OSError:
            return None
    return total


def sources_of(place: str, base_path: str | None) -> tuple[tuple[Source, ...], Extracted | None]:
    """The files at `place`, or what to say when there are none."""
    if not can_list(place):
        scheme = place.partition(":")[0]
        raise DefinitionError(f"The engine `embedded` reads local files and s3://, not {scheme}: use `local`.")
    settle(place)
    listing = list_sources(place, base_path)
    if not listing.exists:
        return (), Extracted(lack="path", place=place)
    if not listing.files:
        return (), Extracted(lack="files", place=place)
    return listing.files, None


def text_of_view(view: str, field: str | None, session: Session) -> "DataFrame":
    """The text held in a view as the single column `value`, rows of null left out."""
    frame = read_view(view, session)
    if field is None and len(frame.columns) != 1:
        raise DefinitionError(f"`inputView` {view} has {len(frame.columns)} columns: name one in `inputField`.")
    require_columns(frame, (field,) if field else (), "inputField")
    column = identifier(field or frame.columns[0])
    return frame.selectExpr(f"CAST({column} AS STRING) AS value").where("value IS NOT NULL")
