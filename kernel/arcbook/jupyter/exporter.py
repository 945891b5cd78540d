"""The nbconvert exporter `arcexport`, which Arc's notebooks name: a notebook as a job file."""

import json
from typing import Any

from nbconvert.exporters import Exporter
from nbconvert.utils.exceptions import ConversionException
from traitlets import Bool, default

from arcbook.cells.export import file_text, parts_of
from arcbook.cells.for_arc import parts_for_arc
from arcbook.cells.notebook import notebook_job
from arcbook.core.failures import CellError


class ArcExporter(Exporter):
    """Exports a notebook as `arcbook convert` does: every stage, parameter and note of it, as a job file.

    With `for_arc` the file is one that original Arc runs; what the launch must then bring is logged.
    """

    export_from_notebook = "Arc job"
    output_mimetype = "application/json"

    for_arc = Bool(False, help="Write a file that original Arc runs; what it cannot do is refused.").tag(config=True)

    @default("file_extension")
    def _file_extension(self) -> str:
        return ".json"

    def from_notebook_node(  # type: ignore[override]  # text, as all exporters to text return
        self, nb: Any, resources: dict[str, Any] | None = None, **options: Any
    ) -> tuple[str, dict[str, Any]]:
        """The job file's text, with nbconvert's resources.

        Raises:
            ConversionException: the problems of the notebook, each with its place.
        """
        nb, resources = super().from_notebook_node(nb, resources, **options)
        named = (resources or {}).get("metadata", {}).get("name") or "notebook"
        try:
            job = notebook_job(json.dumps(nb), f"{named}.ipynb")
            parts, notes = parts_for_arc(job) if self.for_arc else (parts_of(job), [])
        except CellError as error:
            raise ConversionException("\n".join(map(str, error.problems))) from None
        for note in notes:
            self.log.warning("%s", note)
        return file_text(parts), resources or {}
