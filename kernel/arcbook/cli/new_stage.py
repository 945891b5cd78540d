"""Write the skeleton of a new stage type: declaration, runner and cases."""

from pathlib import Path

import click

_KINDS = ("extract", "transform", "load", "execute", "validate")
#: Where arcbook's own checkout has them.
_SOURCE, _CASES = Path("kernel"), Path("tests/kernel/stages")


@click.command(help="Write the skeleton of a new stage type NAME (such as XMLExtract): declaration, runner and cases.")
@click.argument("name")
@click.option("--kind", type=click.Choice(_KINDS), help="Taken from the end of NAME unless given.")
@click.option(
    "--package", default="arcbook", show_default=True, metavar="NAME", help="Package that holds `stages` and `runners`."
)
@click.option(
    "--source",
    type=click.Path(path_type=Path, file_okay=False),
    default=_SOURCE,
    show_default=True,
    help="Folder of that package.",
)
@click.option(
    "--cases",
    type=click.Path(path_type=Path, file_okay=False),
    default=_CASES,
    show_default=True,
    help="Folder of the cases.",
)
def command(name: str, kind: str | None, package: str, source: Path, cases: Path) -> None:
    """Write three files, none of which may exist."""
    from arcbook.cells.skeleton import skeleton

    if (source == _SOURCE or cases == _CASES) and not _is_checkout(Path("pyproject.toml")):
        raise click.UsageError(
            "this folder is no checkout of arcbook: go into one, or say where the files belong: --source and --cases."
        )
    for path, text in skeleton(name, kind, package=package, source=source, cases=cases).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        click.echo(path)


def _is_checkout(project: Path) -> bool:
    import tomllib

    try:
        read = tomllib.loads(project.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    named = read.get("project")
    return isinstance(named, dict) and named.get("name") == "arcbook"
