"""Events as the OpenLineage library's own values; all free text is masked."""

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from openlineage.client import event_v2
from openlineage.client.facet_v2 import (
    column_lineage_dataset,
    error_message_run,
    input_statistics_input_dataset,
    job_type_job,
    lifecycle_state_change_dataset,
    nominal_time_run,
    parent_run,
    processing_engine_run,
    schema_dataset,
    source_code_job,
    sql_job,
    storage_dataset,
)

from arcbook.core.versions import installed_version
from arcbook.events.datasets import Dataset
from arcbook.events.naming import name_of
from arcbook.sql.origins import Origin, Origins

PRODUCER = f"urn:arcbook:{installed_version('arcbook') or 'unknown'}"
#: A run's identifier in events is derived from ours, so that everybody who knows ours knows it.
_RUNS = uuid.uuid5(uuid.NAMESPACE_URL, "arcbook:runs")

Mask = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFacts:
    """What events say of a job: its name within a namespace, the cells' sources, and its statements."""

    namespace: str
    name: str
    sources: Sequence[str] = ()
    statements: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What events say of a run; `parent` is the job and the id of the folder's run that it belongs to, or None."""

    run_id: str
    logical_time: datetime
    engine: str
    parent: tuple[str, str] | None = None


def run_uuid(run_id: str) -> str:
    """The UUID of a run in events, from the id of its record."""
    return str(uuid.uuid5(_RUNS, run_id))


def run_event(
    state: str,
    moment: datetime,
    run: RunFacts,
    job: JobFacts,
    inputs: Iterable[Dataset],
    outputs: Iterable[Dataset],
    mask: Mask,
    error: str = "",
) -> Any:
    """A run event: `state` is START, COMPLETE, FAIL or ABORT."""
    facets: dict[str, Any] = {
        "nominalTime": nominal_time_run.NominalTimeRunFacet(run.logical_time.isoformat(), producer=PRODUCER),
        "processing_engine": processing_engine_run.ProcessingEngineRunFacet(
            installed_version("arcbook") or "unknown", name=f"arcbook {run.engine}".strip(), producer=PRODUCER
        ),
    }
    if run.parent is not None:
        name, run_id = run.parent
        of_folder = parent_run.Run(run_uuid(run_id)), parent_run.Job(job.namespace, name)
        facets["parent"] = parent_run.ParentRunFacet(*of_folder, producer=PRODUCER)
    if error:
        facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(mask(error), "arc", producer=PRODUCER)
    return event_v2.RunEvent(
        eventTime=moment.isoformat(),
        producer=PRODUCER,
        eventType=getattr(event_v2.RunState, state),
        run=event_v2.Run(run_uuid(run.run_id), facets),
        job=_job(job, mask),
        inputs=[_input(each, mask) for each in inputs],
        outputs=[_output(each, mask) for each in outputs],
    )


def job_event(
    moment: datetime, job: JobFacts, inputs: Iterable[Dataset], outputs: Iterable[Dataset], mask: Mask
) -> Any:
    """What a job would do, without a run."""
    return event_v2.JobEvent(
        eventTime=moment.isoformat(),
        producer=PRODUCER,
        job=_job(job, mask),
        inputs=[_input(each, mask) for each in inputs],
        outputs=[_output(each, mask) for each in outputs],
    )


def _job(job: JobFacts, mask: Mask) -> Any:
    facets: dict[str, Any] = {
        "jobType": job_type_job.JobTypeJobFacet("BATCH", "ARCBOOK", jobType="NOTEBOOK", producer=PRODUCER)
    }
    if job.sources:
        source = mask("\n\n".join(job.sources))
        facets["sourceCode"] = source_code_job.SourceCodeJobFacet("arc", source, producer=PRODUCER)
    if job.statements:
        query = mask(";\n".join(job.statements))
        facets["sql"] = sql_job.SQLJobFacet(query, dialect="spark", producer=PRODUCER)
    return event_v2.Job(job.namespace, job.name, facets)


def _input(dataset: Dataset, mask: Mask) -> Any:
    name = name_of(dataset.place.address)
    counted: dict[str, Any] = {}
    if dataset.place.bytes is not None:
        counted["inputStatistics"] = input_statistics_input_dataset.InputStatisticsInputDatasetFacet(
            size=dataset.place.bytes, fileCount=dataset.place.files, producer=PRODUCER
        )
    return event_v2.InputDataset(mask(name.namespace), mask(name.name), facets=_facets(dataset), inputFacets=counted)


def _output(dataset: Dataset, mask: Mask) -> Any:
    name = name_of(dataset.place.address)
    facets = _facets(dataset)
    if dataset.mode == "Overwrite":
        facets["lifecycleStateChange"] = lifecycle_state_change_dataset.LifecycleStateChangeDatasetFacet(
            lifecycle_state_change_dataset.LifecycleStateChange.OVERWRITE, producer=PRODUCER
        )
    if any(dataset.origins.values()) or dataset.influences:
        facets["columnLineage"] = _column_lineage(dataset, mask)
    return event_v2.OutputDataset(mask(name.namespace), mask(name.name), facets=facets)


def _facets(dataset: Dataset) -> dict[str, Any]:
    facets: dict[str, Any] = {}
    if dataset.columns:
        fields = [schema_dataset.SchemaDatasetFacetFields(name, kind) for name, kind in dataset.columns.items()]
        facets["schema"] = schema_dataset.SchemaDatasetFacet(fields=fields, producer=PRODUCER)
    if dataset.delta:
        facets["storage"] = storage_dataset.StorageDatasetFacet("delta", fileFormat="parquet", producer=PRODUCER)
    return facets


def _column_lineage(dataset: Dataset, mask: Mask) -> Any:
    fields = {
        name: column_lineage_dataset.Fields(inputFields=_fields(origins, mask))
        for name, origins in dataset.origins.items()
        if origins
    }
    return column_lineage_dataset.ColumnLineageDatasetFacet(
        fields=fields, dataset=_fields(dataset.influences, mask), producer=PRODUCER
    )


def _fields(origins: Origins, mask: Mask) -> list[Any]:
    """Each input column once, with all the ways in which it takes part."""
    ways: dict[tuple[str, str], list[Origin]] = {}
    for origin in sorted(origins):
        ways.setdefault((origin.view, origin.column), []).append(origin)
    found = []
    for (address, column), each in ways.items():
        name = name_of(address)
        kinds = [
            column_lineage_dataset.Transformation(
                "DIRECT" if origin.how.direct else "INDIRECT", subtype=origin.how.upper(), description="", masking=False
            )
            for origin in each
        ]
        found.append(
            column_lineage_dataset.InputField(mask(name.namespace), mask(name.name), column, transformations=kinds)
        )
    return found
