"""Print the JSON Schema of job files, one stage type, or a notebook's parameters."""

import click

from arcbook.cli._output import echo_json


@click.command(help="Print the JSON Schema of a job file, for editors; with STAGE that of one stage object.")
@click.argument("stage", required=False)
@click.option("--parameters", "job", metavar="JOB", help="The schema of this job's parameter values instead.")
@click.option("--cell", is_flag=True, help="The schema of a stage cell: any one stage object, or a list of them.")
def command(stage: str | None, job: str | None, cell: bool) -> None:
    """Print a JSON Schema."""
    from arcbook.cells.describe import stage_type
    from arcbook.cells.json_schema import cell_schema, job_schema, stage_schema

    if job:
        from arcbook.cells.notebook import declarations_of, read_job

        echo_json(declarations_of(read_job(job)).json_schema())
    elif stage:
        echo_json(stage_schema(stage_type(stage)))
    else:
        echo_json(cell_schema() if cell else job_schema())
