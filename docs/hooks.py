"""MkDocs hooks: pages and tables made from the declarations, so that nothing is said twice."""

from typing import Any

from mkdocs.structure.files import File, Files

from arcbook.cells.pages import render_stage, render_stage_table
from arcbook.core.failures import FAILURES
from arcbook.stages.registry import stage_types

FAILURE_TABLE = "<!-- failure table -->"


def on_files(files: Files, config: Any) -> Files:
    """Add one page per stage type, and the page that lists them."""
    files.append(File.generated(config, "stages/index.md", content=render_stage_table()))
    for name, stage_type in stage_types().items():
        files.append(File.generated(config, f"stages/{name}.md", content=render_stage(stage_type)))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the failure table in its place."""
    return markdown.replace(FAILURE_TABLE, failure_table()) if FAILURE_TABLE in markdown else markdown


def failure_table() -> str:
    """The failure contract as a Markdown table."""
    rows = [f"| `{f.name}` | {f.exit_code} | {f.retry} | {f.meaning} |" for f in FAILURES.values()]
    return "\n".join(["| class | exit code | retry | meaning |", "|---|---|---|---|", *rows])
