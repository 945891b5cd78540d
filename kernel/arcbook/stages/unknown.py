"""What to say of a stage type that nobody declares."""

from arcbook.core.suggest import nearest
from arcbook.stages.registry import plugin_types, stage_types

#: Arc's stage types that arcbook lacks. One that a package declares is found before anybody looks here.
_OF_ARC = """
AvroExtract BytesExtract HTTPExtract ImageExtract JDBCExtract ORCExtract
StatisticsExtract TextExtract BigQueryExtract CassandraExtract ElasticsearchExtract KafkaExtract MongoDBExtract
SASExtract XMLExtract
DiffTransform HTTPTransform JSONTransform MLTransform
TensorFlowServingTransform CypherTransform DebeziumTransform DLPTransform GraphTransform
MaskDataTransform
AvroLoad ConsoleLoad DelimitedLoad HTTPLoad JDBCLoad ORCLoad TextLoad BigQueryLoad CassandraLoad
DeltaLakeMergeLoad ElasticsearchLoad KafkaLoad MongoDBLoad XMLLoad
HTTPExecute BigQueryExecute CassandraExecute KafkaCommitExecute
EqualityValidate
"""
#: Those that arcbook has too.
_OF_BOTH = """
DelimitedExtract DeltaLakeExtract JSONExtract ParquetExtract SQLTransform TypingTransform DeltaLakeLoad JSONLoad
ParquetLoad JDBCExecute LogExecute SQLValidate ConfigExecute ControlFlowExecute PipelineExecute MetadataExtract
MetadataFilterTransform MetadataTransform MetadataValidate RateExtract SimilarityJoinTransform
"""
_LISTED = "`arcbook stages` lists those there are."


def unknown_stage(name: str) -> tuple[str, str]:
    """Message and remedy for the name of a stage type that `stage_types` lacks."""
    if name in _OF_ARC.split():
        return f"`{name}` is a stage of Arc that this version of arcbook does not have", _LISTED
    plugin = plugin_types().get(name)
    if plugin is not None:
        remedy = f"Write it into a `%{plugin.magic}` cell, or into `plugins.{plugin.kind}` of a job file."
        return f"`{name}` is a plugin, no stage", remedy
    return f"there is no stage type `{name}`", _remedy(name)


def _remedy(name: str) -> str:
    known = stage_types()
    begun = [f"`{each}`" for each in known if len(name) > 2 and each.lower().startswith(name.lower())]
    if begun:
        return f"Did you mean {' or '.join(begun)}?"
    near = meant_stage(name)
    return f"Did you mean `{near}`?" if near else _LISTED


def meant_stage(name: str) -> str | None:
    """The declared stage type that a misspelt name means, or None."""
    known = stage_types()
    # All types end in one of five words; those of Arc keep a name from being called like another for that word alone.
    near = nearest(name, [*known, *_OF_ARC.split()])
    return near if near in known else None


def is_of_arc(name: str) -> bool:
    """Whether original Arc has a stage type of that name."""
    return name in _OF_ARC.split() or name in _OF_BOTH.split()
