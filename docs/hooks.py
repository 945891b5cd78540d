"""MkDocs hooks: pages made from the declarations, so that nothing is said twice."""

from typing import Any

from mkdocs.structure.files import File, Files

from arcbook.cells.pages import render_plugins, render_stage, render_stage_table
from arcbook.stages.registry import stage_types


def on_files(files: Files, config: Any) -> Files:
    """Add one page per stage type, the page that lists them, and that of the plugins."""
    files.append(File.generated(config, "plugins.md", content=render_plugins()))
    files.append(File.generated(config, "stages/index.md", content=render_stage_table()))
    for name, stage_type in stage_types().items():
        files.append(File.generated(config, f"stages/{name}.md", content=render_stage(stage_type)))
    return files
