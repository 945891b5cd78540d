"""Write the skeleton of a new stage type: declaration, runner and cases."""

from pathlib import Path

import click

_KINDS = ("extract", "transform", "load", "execute", "validate")


@click.command(help="Write the skeleton of a new stage type NAME (such as XMLExtract): declaration, runner and cases.")
@click.argument("name")
@click.option("--kind", type=click.Choice(_KINDS), help="Taken from the end of NAME unless given.")
@click.option(
    "--package", default="arcbook", show_default=True, metavar="NAME", help="Package that holds `stages` and `runners`."
)
@click.option(
    "--source",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("kernel"),
    show_default=True,
    help="Folder of that package.",
)
@click.option(
    "--cases",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("tests/kernel/stages"),
    show_default=True,
    help="Folder of the cases.",
)
def command(name: str, kind: str | None, package: str, source: Path, cases: Path) -> None:
    """Write three files, none of which may exist."""
    from arcbook.cells.skeleton import skeleton

    for path, text in skeleton(name, kind, package=package, source=source, cases=cases).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        click.echo(path)
