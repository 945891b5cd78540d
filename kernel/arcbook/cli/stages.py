"""List the stage types, or describe one with its keys and an example."""

from typing import TYPE_CHECKING

import click

from arcbook.cli._output import echo_json, json_option

if TYPE_CHECKING:
    from arcbook.stages.base import Stage


@click.command(help="List the stage types; with NAME describe one: what it does, its keys, an example.")
@click.argument("name", required=False)
@json_option
def command(name: str | None, as_json: bool) -> None:
    """List or describe stage types."""
    from arcbook.cells.describe import stage_type, summary
    from arcbook.stages.registry import stage_types

    if name:
        _describe(stage_type(name), as_json)
        return
    types = stage_types()
    if as_json:
        echo_json([{"type": each, "kind": type_.kind, "summary": summary(type_)} for each, type_ in types.items()])
        return
    width = max(map(len, types), default=0)
    for kind in dict.fromkeys(type_.kind for type_ in types.values()):
        click.secho(kind, bold=True)
        for each, type_ in types.items():
            if type_.kind == kind:
                click.echo(f"  {each:<{width}}  {summary(type_)}")


def _describe(declared: "type[Stage]", as_json: bool) -> None:
    from dataclasses import asdict

    from arcbook.cells.describe import documentation, key_rows, summary
    from arcbook.cells.pages import stage_text

    if as_json:
        echo_json(
            {
                "type": declared.type_name(),
                "kind": declared.kind,
                "summary": summary(declared),
                "documentation": documentation(declared),
                "example": declared.example.strip(),
                "needs": sorted(declared.needs),
                "keys": [asdict(row) for row in key_rows(declared)],
            }
        )
        return
    click.secho(declared.type_name(), bold=True)
    click.echo(stage_text(declared))
