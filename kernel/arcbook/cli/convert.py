"""Convert a notebook to a job file, or a job file to a notebook."""

from pathlib import Path

import click

from arcbook.cli._output import show_problems
from arcbook.core.failures import DefinitionError

_HELP = """Convert JOB (a notebook or a job file; a path, http(s):// or s3://) to the form after --to.

The result is printed, or written to the file after --out. Parameters, Python, notes and the like, for which job files
of Arc have no words, stand in the key `arcbook` of the file, which Arc ignores and arcbook reads.
"""


@click.command(help=_HELP)
@click.argument("job")
@click.option(
    "--to",
    type=click.Choice(["json", "hocon", "notebook"]),
    help="json has placeholders outside quotes, as Arc's files; hocon keeps the lines of SQL. "
    "[default: json for a notebook, notebook for a job file]",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Where to write it.")
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@click.option(
    "--for", "reader", type=click.Choice(["arcbook", "arc"]), default="arcbook", show_default=True,
    help="arc: a file that original Arc runs; what it cannot do is refused.",
)  # fmt: skip
def command(job: str, to: str | None, out: Path | None, force: bool, reader: str) -> None:
    """Print or write the other form; what the reader must know besides goes to standard error."""
    from arcbook.cells.export import file_text, job_as_notebook, parts_of
    from arcbook.cells.fetch import folder_of
    from arcbook.cells.for_arc import parts_for_arc
    from arcbook.cells.notebook import read_job
    from arcbook.cells.render import HOCON, JSON
    from arcbook.core.problem import Problem

    if out is not None and out.exists() and not force:
        raise DefinitionError(f"{out} exists already: give another name, or --force to replace it.")
    read = read_job(job)
    to = to or ("json" if read.kind == "notebook" else "notebook")
    if to == "notebook" and reader == "arc":
        raise click.UsageError("--for arc makes job files: give --to json or --to hocon.")
    notes: list[Problem] = []
    if to == "notebook":
        text = job_as_notebook(read)
    else:
        parts, notes = parts_for_arc(read) if reader == "arc" else (parts_of(read), [])
        text = file_text(parts, HOCON if to == "hocon" else JSON)
    show_problems(notes, err=True)
    if out is None:
        click.echo(text, nl=False)
        return
    _write(out, text)
    if Path(folder_of(job)).resolve() != out.resolve().parent:
        click.echo(f"{out} lies in another folder than {job}: relative addresses in it start there.", err=True)


def _write(out: Path, text: str) -> None:
    from arcbook.core.addresses import replace_file, scheme_of
    from arcbook.core.translate import translating

    if scheme_of(str(out)):
        raise DefinitionError(f"cannot write {out}: --out takes a path on this machine.")
    with translating(f"cannot write {out}"):
        replace_file(out, text.encode("utf-8"))
