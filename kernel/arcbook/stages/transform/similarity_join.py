"""SimilarityJoinTransform."""

from typing import Annotated, ClassVar

from pydantic import Field

from arcbook.stages.base import TransformStage
from arcbook.stages.keys import Count, Flag, InputView, NumPartitions, OutputView, PartitionBy, Persist

Fields = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]


class SimilarityJoinTransform(TransformStage):
    """Join two views where the text of some columns is alike.

    Of each row the columns' values become one text (nulls left out, blanks between), and the text the set of its runs
    of `shingleLength` characters. Two rows match when the runs they share are more than `threshold` of all runs that
    either has (the Jaccard similarity); with a threshold of 1.0, when the sets are equal. A text shorter than one run
    matches nothing. The view has all columns of the left view, those of the right one, and `similarity`.

    Every match is found; Arc's search could miss some, and `numHashTables`, which made that less likely, changes
    nothing. The work grows with how many rows share a run, so filter what cannot match first. A column name that both
    views have is refused: rename it in one of them.
    """

    example: ClassVar[str] = """
{
  "type": "SimilarityJoinTransform",
  "name": "match the addresses",
  "environments": ["test"],
  "leftView": "customers",
  "leftFields": ["street", "city"],
  "rightView": "register",
  "rightFields": ["address"],
  "threshold": 0.75,
  "outputView": "matched"
}
"""

    left_view: InputView
    left_fields: Annotated[Fields, Field(description="Columns of `leftView` that are compared.")]
    right_view: InputView
    right_fields: Annotated[Fields, Field(description="Columns of `rightView` that are compared.")]
    output_view: OutputView
    shingle_length: Annotated[Count, Field(description="Characters of a run.")] = 3
    num_hash_tables: Annotated[Count, Field(description="Without effect: every match is found.")] = 5
    threshold: Annotated[float, Field(ge=0.0, le=1.0, description="What the similarity must exceed.")] = 0.8
    case_sensitive: Annotated[Flag, Field(description="Whether `A` and `a` differ.")] = False
    persist: Persist = False
    num_partitions: NumPartitions | None = None
    partition_by: PartitionBy = ()
