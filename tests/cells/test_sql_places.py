"""Findings in SQL stand at their exact place, also behind values, escapes, tabs and foreign line ends."""

import json
from pathlib import Path
from typing import Any

from arcbook.cells.fetch import relative_to
from arcbook.cells.notebook import document_job, notebook_job
from arcbook.cells.plan import Context, check_job
from arcbook.core.settings import RunSettings
from arcbook.core.span import Lines


def test_findings_in_sql_stand_at_their_place(sql_places_case: dict[str, Any], tmp_path: Path) -> None:
    """The stretch between the marks, in the text without them."""
    case = sql_places_case
    kind = next(kind for kind in ("cell", "job", "file") if kind in case)
    marked: str = case[kind]
    start, end = marked.index("«"), marked.index("»") - 1
    text = marked.replace("«", "").replace("»", "")
    if kind == "job":
        job = document_job(text, "x.conf")
    else:
        if kind == "file":
            (tmp_path / "q.sql").write_bytes(text.encode())
            params = f", sqlParams: {case['params']}" if "params" in case else ""
            cell = f"{{type: SQLTransform, name: n, environments: [test], inputURI: q.sql, outputView: a{params}}}"
        else:
            cell = text
        raw = [{"cell_type": "code", "source": source} for source in (*case.get("before", ()), cell)]
        job = notebook_job(json.dumps({"cells": raw, "metadata": {"kernelspec": {"name": "arc"}}}))
    context = Context(settings=RunSettings(environment="test"), fetch=relative_to(str(tmp_path)))
    found = [each for each in check_job(job, context).problems if each.code == case.get("only", each.code)]
    assert [each.code for each in found] == [case["code"]], "\n".join(map(str, found))
    span, expected = found[0].span, Lines(text).span(start, end)
    assert span is not None
    assert (span.line, span.column, span.end_line, span.end_column) == (
        expected.line, expected.column, expected.end_line, expected.end_column,
    )  # fmt: skip
