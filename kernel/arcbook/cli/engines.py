"""List the engines and whether each is usable here."""

import click

from arcbook.cli._output import echo_json, json_option


@click.command(help="List the engines, what each offers, and whether it is usable on this machine.")
@click.option("--fetch", is_flag=True, help="Fetch the jars of the engine `local` now, those for S3 included.")
@json_option
def command(fetch: bool, as_json: bool) -> None:
    """List engines; with --fetch, make `local` ready for work without a network."""
    from arcbook.engines.availability import availability
    from arcbook.engines.jars import jar_paths, pinned_jars

    if fetch:
        purposes = dict.fromkeys(jar.purpose for jar in pinned_jars())
        jar_paths(purposes, lambda text: click.echo(text, err=True))
    found = availability()
    if as_json:
        echo_json(
            [
                {
                    "engine": each.name,
                    "usable": each.usable,
                    "note": each.note,
                    "capabilities": sorted(each.capabilities),
                }
                for each in found
            ]
        )
        return
    for each in found:
        click.secho(
            f"{each.name}: {'usable' if each.usable else 'not usable'}", fg="green" if each.usable else "yellow"
        )
        click.echo(f"  {each.note}")
        click.echo(f"  offers {', '.join(sorted(each.capabilities))}")
