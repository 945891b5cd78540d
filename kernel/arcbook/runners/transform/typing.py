"""TypingTransform."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arcbook.core.failures import InputError, InternalError, QualityError
from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from arcbook.runners.views import make_view
from arcbook.schemas.compile import ERRORS_COLUMN, InputColumn, Typing, TypingError, compile_typing
from arcbook.schemas.model import Schema
from arcbook.schemas.read import SchemaError, parse_schema
from arcbook.stages.transform.typing import TypingTransform

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructField

_ERRORS_METADATA = {
    "internal": True,
    "description": "An Arc internal field detailing any errors when executing TypingTransform against this row.",
}


@run.register
def run_typing_transform(stage: TypingTransform, session: Session) -> Result:
    """Type the view; look for errors that stop the job where there can be any."""
    schema = stage.columns if stage.columns is not None else _schema_of_view(stage, session)
    fields = session.spark.table(stage.input_view).schema.fields
    columns = [InputColumn(field.name, field.dataType.simpleString(), _is_internal(field)) for field in fields]
    try:
        typing = compile_typing(schema, columns, stage.input_view, failfast=stage.fail_mode == "failfast")
    except TypingError as error:
        raise InputError(str(error)) from error
    _refuse(typing, stage, session)
    details: dict[str, Any] = {"columns": [column.name for column in schema]}
    result = make_view(_with_metadata(typing, schema, fields, session), stage, session, details=details)
    if stage.persist and result.frame is not None:
        result = replace(result, details={**result.details, **_counts(result.frame, len(columns))})
    return result


def _schema_of_view(stage: TypingTransform, session: Session) -> Schema:
    if stage.schema_view is None:
        raise InternalError("a TypingTransform without schema passed the check")
    rows = session.spark.table(stage.schema_view).collect()
    try:
        return parse_schema([_without_null(row.asDict(recursive=True)) for row in rows])
    except SchemaError as error:
        raise InputError(f"Schema view '{stage.schema_view}' cannot be parsed as it has errors: {error}.") from error


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_null(item) for key, item in value.items() if item is not None}
    return [_without_null(item) for item in value] if isinstance(value, list) else value


def _is_internal(field: "StructField") -> bool:
    return (field.metadata or {}).get("internal") is True


def _refuse(typing: Typing, stage: TypingTransform, session: Session) -> None:
    """Raise for the first row that may not pass, in Arc's words."""
    if not typing.refused_sql:
        return
    rows = session.spark.sql(typing.refused_sql).collect()
    if not rows:
        return
    errors = rows[0][0]
    if stage.fail_mode == "failfast":
        listed = ", ".join(f"[{error['field']},{error['message']}]" for error in errors)
        raise QualityError(
            f"TypingTransform with failMode equal to 'failfast' cannot continue due to row with error(s): [{listed}]."
        )
    first = errors[0]
    raise QualityError(
        f"TypingTransform with non-nullable column '{first['field']}' cannot continue due to error: {first['message']}."
    )


def _with_metadata(typing: Typing, schema: Schema, fields: list["StructField"], session: Session) -> "DataFrame":
    """The typed frame with the schema's metadata on its columns; internal columns keep theirs."""
    kept: list[Mapping[str, Any]] = [column.field_metadata for column in schema]
    kept += [field.metadata or {} for field in fields if _is_internal(field)]
    kept.append(_ERRORS_METADATA)
    from pyspark.sql.functions import col

    named = zip(typing.columns, kept, strict=True)
    # By the names that the statement is known to give: asking the frame for its columns would plan it once more.
    return session.spark.sql(typing.sql).select(
        *(col(f"o{at}").alias(name, metadata=dict(metadata)) for at, (name, metadata) in enumerate(named))
    )


def _counts(frame: "DataFrame", width: int) -> dict[str, int]:
    """Values handled and values failed, as Arc logs them for kept views."""
    row = frame.selectExpr("count(1)", f"sum(size({ERRORS_COLUMN}))").first()
    rows, failed = row or (0, 0)
    return {"values": rows * width, "errors": failed or 0}
