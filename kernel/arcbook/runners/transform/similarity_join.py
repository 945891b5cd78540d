"""SimilarityJoinTransform."""

from typing import TYPE_CHECKING

from arcbook.core.failures import DefinitionError
from arcbook.core.suggest import did_you_mean
from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from arcbook.runners.views import make_view, read_view
from arcbook.sql.quote import identifier, literal
from arcbook.stages.transform.similarity_join import SimilarityJoinTransform

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@run.register
def run_similarity_join_transform(stage: SimilarityJoinTransform, session: Session) -> Result:
    """Match the rows by the runs of characters that they share.

    Raises:
        DefinitionError: a field is no column of its view, or both views have a column of one name.
    """
    left, right = read_view(stage.left_view, session), read_view(stage.right_view, session)
    _check(left, stage.left_view, stage.left_fields, "leftFields")
    _check(right, stage.right_view, stage.right_fields, "rightFields")
    folded = {column.lower() for column in left.columns}
    if both := [column for column in right.columns if column.lower() in folded]:
        raise DefinitionError(
            f"Both views have a column `{both[0]}`, so the joined view could not tell them apart. Rename one of them."
        )
    one, other = _exploded(left, stage.left_fields, "l", stage), _exploded(right, stage.right_fields, "r", stage)
    pairs = one.join(other, on="shingle").groupBy("l_id", "r_id")
    shared = "CAST(count(1) AS DOUBLE)"
    from pyspark.sql.functions import expr

    matched = pairs.agg(
        expr("first(l_row) AS l_row"),
        expr("first(r_row) AS r_row"),
        expr(f"{shared} / (first(l_size) + first(r_size) - {shared}) AS similarity"),
    ).where("similarity = 1.0" if stage.threshold == 1.0 else f"similarity > {literal(stage.threshold)}")
    columns = [f"l_row.c{at}" for at in range(len(left.columns))] + [f"r_row.c{at}" for at in range(len(right.columns))]
    frame = matched.selectExpr(*columns, "similarity").toDF(*left.columns, *right.columns, "similarity")
    return make_view(frame, stage, session)


def _check(frame: "DataFrame", view: str, fields: tuple[str, ...], key: str) -> None:
    known = {column.lower() for column in frame.columns}
    for field in fields:
        if field.lower() not in known:
            remedy = did_you_mean(field, frame.columns) or f"There are: {', '.join(frame.columns)}."
            raise DefinitionError(f"The view `{view}` has no column `{field}` for `{key}`. {remedy}")


def _exploded(frame: "DataFrame", fields: tuple[str, ...], side: str, stage: SimilarityJoinTransform) -> "DataFrame":
    """A row for each run of a row's text, with the row itself: its numbers are given once, so they stay the same."""
    text = "trim(concat_ws(' ', " + ", ".join(f"CAST({identifier(field)} AS STRING)" for field in fields) + "))"
    text = text if stage.case_sensitive else f"lower({text})"
    members = ", ".join(f"{literal(f'c{at}')}, {identifier(column)}" for at, column in enumerate(frame.columns))
    length = stage.shingle_length
    runs = f"transform(sequence(1, length(text) - {length - 1}), at -> substring(text, at, {length}))"
    return (
        frame.selectExpr(
            f"monotonically_increasing_id() AS {side}_id", f"named_struct({members}) AS {side}_row", f"{text} AS text"
        )
        .where(f"length(text) >= {length}")
        .selectExpr(f"{side}_id", f"{side}_row", f"array_distinct({runs}) AS runs")
        .selectExpr(f"{side}_id", f"{side}_row", f"size(runs) AS {side}_size", "explode(runs) AS shingle")
    )
