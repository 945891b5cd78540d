"""Overwrites that replace a part of a folder: a declared interval, or the partitions that rows are written to."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote

from arcbook.core.failures import DefinitionError, InputError
from arcbook.engines.session import Session
from arcbook.runners.loading import WritesFiles
from arcbook.runners.placing import Replaced
from arcbook.sql.quote import identifier

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: The folder of rows whose partition value is null, as Hive and Spark name it.
NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__"


def require_declared(frame: "DataFrame", condition: str | None) -> None:
    """Refuse rows that a declared interval does not hold: they would stay beside those it replaces.

    Raises:
        InputError: there is such a row.
    """
    if condition is None:
        return
    strays = frame.where(f"NOT coalesce(({condition}), FALSE)").limit(1).count()
    if strays:
        raise InputError(f"The view has rows that do not match `replaceWhere`: {condition}")


def replaced_files(stage: WritesFiles, frame: "DataFrame", session: Session) -> Replaced | None:
    """How to choose the old files that a stage's Overwrite replaces; None when it replaces all.

    Raises:
        DefinitionError: the condition asks for more than the columns of `partitionBy`.
    """
    if stage.save_mode != "Overwrite":
        return None
    if stage.partition_overwrite_mode == "dynamic":
        return _written_to
    condition = stage.replace_where
    if condition is None:
        return None
    types = {field.name.lower(): field.dataType.simpleString() for field in frame.schema.fields}
    wanted = {name: types[name.lower()] for name in stage.partition_by}

    def chosen(rows: list[tuple[str | None, ...]]) -> set[str]:
        names = ["_folder", *(f"_{at}" for at in range(len(wanted)))]
        texts = session.spark.createDataFrame(rows, ", ".join(f"{name} STRING" for name in names))
        typed = (f"CAST(_{at} AS {kind}) AS {identifier(name)}" for at, (name, kind) in enumerate(wanted.items()))
        met = texts.selectExpr("_folder", *typed).where(f"coalesce(({condition}), FALSE)").select("_folder")
        return {row[0] for row in met.collect()}

    try:
        chosen([("", *([None] * len(wanted)))])
    except Exception as error:
        listed = ", ".join(f"`{name}`" for name in wanted)
        message = f"`replaceWhere` is no condition on the columns of `partitionBy` ({listed}): {condition}"
        raise DefinitionError(message, detail=str(error)) from error

    def replaced(old: Collection[str], new: Collection[str]) -> Collection[str]:
        folders = {folder: values for folder in map(_folder, old) if (values := _values(folder, wanted))}
        met = chosen(list(folders.values())) if folders else set()
        return [file for file in old if _folder(file) in met]

    return replaced


def _written_to(old: Collection[str], new: Collection[str]) -> Collection[str]:
    folders = {_folder(file) for file in new} - {""}
    return [file for file in old if _folder(file) in folders]


def _folder(file: str) -> str:
    return file.rpartition("/")[0]


def _values(folder: str, wanted: Mapping[str, str]) -> tuple[str | None, ...] | None:
    """A folder and its values of the columns, as text; None when it lacks one."""
    pairs = (part.partition("=") for part in folder.split("/"))
    found = {unquote(name).lower(): unquote(value) for name, _, value in pairs}
    values = [found.get(name.lower()) for name in wanted]
    if None in values:
        return None
    return (folder, *(None if value == NULL_FOLDER else value for value in values))
