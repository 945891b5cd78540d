"""TypingTransform."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arcbook.core.failures import InputError, InternalError, QualityError
from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from arcbook.runners.extracting import schema_of
from arcbook.runners.gates import refusal
from arcbook.runners.views import make_view, read_view
from arcbook.schemas.compile import ERRORS_COLUMN, InputColumn, Typing, TypingError, compile_typing
from arcbook.schemas.model import Schema
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
    schema = schema_of(stage, session)
    if schema is None:
        raise InternalError("a TypingTransform without schema passed the check")
    fields = read_view(stage.input_view, session).schema.fields
    known = session.views.get(stage.input_view)
    columns = [InputColumn(field.name, field.dataType.simpleString(), _is_internal(field)) for field in fields]
    try:
        view = known.name if known else stage.input_view
        typing = compile_typing(schema, columns, view, failfast=stage.fail_mode == "failfast")
    except TypingError as error:
        raise InputError(str(error)) from error
    _refuse(typing, stage, session)
    details: dict[str, Any] = {"columns": [column.name for column in schema]}
    result = make_view(_with_metadata(typing, schema, fields, session), stage, session, details=details)
    if stage.persist and result.frame is not None:
        result = replace(result, details={**result.details, **_counts(result.frame, len(columns))})
    return result


def _is_internal(field: "StructField") -> bool:
    return (field.metadata or {}).get("internal") is True


def _refuse(typing: Typing, stage: TypingTransform, session: Session) -> None:
    """Raise for the first row that may not pass, in Arc's words."""
    if not typing.refused_sql:
        return
    rows = session.spark.sql(f"{typing.refused_sql} LIMIT 1").collect()
    if not rows:
        return
    errors = rows[0][0]
    failfast = stage.fail_mode == "failfast"
    rule = "failMode is failfast: no value has errors" if failfast else "columns that are not nullable have no errors"
    gate = refusal(typing.refused_sql, rule, stage.output_view, session)
    if failfast:
        listed = ", ".join(f"[{error['field']},{error['message']}]" for error in errors)
        raise QualityError(
            f"TypingTransform with failMode equal to 'failfast' cannot continue due to row with error(s): [{listed}].",
            gate=gate,
        )
    column, message = errors[0]["field"], errors[0]["message"]
    raise QualityError(
        f"TypingTransform with non-nullable column '{column}' cannot continue due to error: {message}.", gate=gate
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
