"""MetadataTransform."""

from arcbook.core.failures import InputError, InternalError
from arcbook.engines.session import Session
from arcbook.runners.base import Result, run
from arcbook.runners.extracting import schema_of, with_metadata
from arcbook.runners.views import make_view, read_view
from arcbook.stages.transform.metadata import MetadataTransform


@run.register
def run_metadata_transform(stage: MetadataTransform, session: Session) -> Result:
    """Give the columns the schema's metadata.

    Raises:
        InputError: names differ, with `failfast`.
    """
    schema = schema_of(stage, session)
    if schema is None:
        raise InternalError("a MetadataTransform without schema passed the check")
    frame = read_view(stage.input_view, session)
    named = [column.name for column in schema]
    if stage.fail_mode == "failfast" and set(named) != set(frame.columns):
        raise InputError(
            "MetadataTransform with failMode = 'failfast' ensures that the supplied schema has the same columns as "
            f"inputView '{stage.input_view}' but the supplied schema has columns: {named} and '{stage.input_view}' "
            f"contains columns: {frame.columns}."
        )
    return make_view(with_metadata(frame, schema), stage, session)
