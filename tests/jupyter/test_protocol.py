"""The messages other than execute: conformance, completion, inspection, completeness, and a whole notebook."""

import json
import tempfile
from typing import Any

import jupyter_kernel_test
import pytest

from arcbook.jupyter.assist import completeness, completions, documentation
from tests.jupyter.kernels import Kernel


class ConformanceTests(jupyter_kernel_test.KernelTests):  # type: ignore[misc]  # untyped
    """Jupyter's own test of kernels."""

    @classmethod
    def setUpClass(cls) -> None:
        """Start the kernel with a history of its own."""
        folder = tempfile.TemporaryDirectory()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("IPYTHONDIR", folder.name)
            super().setUpClass()
        cls.addClassCleanup(folder.cleanup)

    kernel_name = "arc"
    language_name = "arc"
    file_extension = ".arc"
    code_hello_world = "%python\nprint('hello, world')"
    code_stderr = "%python\nimport sys\nprint('test', file=sys.stderr)"
    code_page_something = "%python\n%pinfo len"
    code_generate_error = "%sqlvaildate\nSELECT 1"
    code_execute_result = (
        {"code": "%python 1 + 2", "result": "3"},
        {"code": "%env\nA=1", "result": "A: 1"},
    )
    code_display_data = (
        {"code": "%python\nfrom IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))", "mime": "text/html"},
        {"code": "%python\nfrom IPython.display import Math, display\ndisplay(Math('x'))", "mime": "text/latex"},
    )
    code_clear_output = "%python\nfrom IPython.display import clear_output\nclear_output()"
    code_inspect_sample = "%sql"
    code_history_pattern = "%env*"
    # As ipykernel does: IPython calls the current session 0 in ranges, which the test of ranges does not expect.
    supported_history_operations = ("tail", "search")
    complete_code_samples = ("%version", "%sql\nSELECT 1", '{ "type": "SQLTransform" }', "%python\nx = 1")
    incomplete_code_samples = ("%sql", '{ "type": "SQLTransform",', "%python\nfor x in y:")
    invalid_code_samples = ("%sqlvaildate",)
    completion_samples = (
        {"text": "%sqlv", "matches": {"%sqlvalidate"}},
        {"text": "%sql outputV", "matches": {"outputView="}},
        {"text": '{ "type": "SQLTr', "matches": {"SQLTransform"}},
    )


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("", "complete"), ("%help", "complete"), ("%params", "incomplete"), ("%params\nn: integer", "complete"),
        ("%", "invalid"), ("{ a = [ 1", "incomplete"), ("{ a = [ 1 ] }", "complete"),
    ],
)  # fmt: skip
def test_completeness(source: str, status: str) -> None:
    """A console asks for more until a body is there or braces are closed."""
    assert completeness(source) == status


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("%", "", "%sql"), ("", "", "%arc"), ("%sql na", "\nSELECT 1", "name="), ("%sql num", "", "numRows="),
        ('{ "type": "', '" }', "SQLTransform"), ('{ "type": "SQLTransform", "out', "", "outputView"),
        ('{ "out', '"type": "SQLTransform" }', "outputView"),
        ('{ "type": "ParquetLoad", "saveMode": "', '" }', "Overwrite"),
        ('{ "saveMode": "App', '", "type": "ParquetLoad" }', "Append"),
        ("{ type: ParquetLoad, saveMode = ", "", "Ignore"),
        ('%lifecycleplugin\n{ "type": "', '" }', "ControlFlow"), ("%lifecycleplugin re", "", "remove="),
        ('%configplugin\n{ "type": "DeltaPeriodDynamicConfigurationPlugin", "ret', "", "returnName"),
        ("%sql resolution=", "\nSELECT 1", "lazy"), ('%arc\n{ "type": "SQLTransform", "out', "", "outputView"),
    ],
)  # fmt: skip
def test_completion(before: str, after: str, expected: str) -> None:
    """Magics, their arguments, stage types, and keys of the stage around the cursor."""
    matches, start, end = completions(before + after, len(before))
    assert expected in matches
    assert end == len(before)
    assert expected.startswith(before[start:end])


@pytest.mark.parametrize(
    "before",
    [
        "%sql outputView=a\nSELECT na", "%sql\n", "%sqlvalidate\nSELECT a\nWHERE x = ", "%params\nn", "%env\nA=",
        '{ "type": "SQLTransform", "name": "out', '{ "type": "SQLTransform", "name": "my out',
        '{ "type": "SQLTransform", "environments": ["na',
    ],
)  # fmt: skip
def test_completion_of_what_has_no_keys(before: str) -> None:
    """In SQL, in lines and within free text no key of a stage can stand."""
    assert completions(before, len(before))[0] == []


@pytest.mark.parametrize(
    ("source", "word", "expected"),
    [
        ("%sqlvalidate name=x", "sqlv", "Fail the job"), ('{ "type": "SQLTransform" }', "SQLTr", "Run a statement"),
        ('{ "type": "SQLTransform", "persist": true }', "persist", "SQLTransform.persist: Keep"),
        ('{ "type": "SQLTransform", "outputView": "x" }', "outputView", "SQLTransform.outputView: Name of the view"),
    ],
)  # fmt: skip
def test_documentation(source: str, word: str, expected: str) -> None:
    """Shift-tab explains magics, stage types and keys."""
    found = documentation(source, source.index(word) + 2)
    assert found is not None
    assert expected in found


def test_documentation_of_nothing() -> None:
    """Nothing stands there, or nothing known."""
    assert documentation("   ", 2) is None
    assert documentation('{ "type": "Nothing" }', 12) is None


def test_python_cells_are_completed_by_ipython(kernel: Kernel) -> None:
    """Behind the magic's word the cell is Python."""
    code = "%python\nimport os\nos.path.isfi"
    reply: Any = kernel.client.complete(code, reply=True, timeout=120)
    assert any(match.endswith("isfile") for match in reply["content"]["matches"])
    reply = kernel.client.inspect("%python\nlen", 11, reply=True, timeout=120)
    assert "number of items" in reply["content"]["data"]["text/plain"]


def test_a_notebook_through_nbclient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any Jupyter client runs a notebook; outputs carry the stages' metadata; an error stops it under its class."""
    import nbclient
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    launch = {"environment": "test", "interactive": False}
    monkeypatch.setenv("ARCBOOK_LAUNCH", json.dumps(launch))
    cells = [
        "%params\nlow: integer = 1",
        "%params\nlow = 3",
        "%sql outputView=n environments=test\nSELECT id FROM range(5) WHERE id >= :low",
        "%sqlvalidate environments=test\nSELECT count(*) = 3, concat(count(*), ' rows') FROM n",
        "%sql environments=test\nSELECT 1",
    ]
    notebook = new_notebook(  # type: ignore[no-untyped-call]
        cells=[new_code_cell(cell) for cell in cells],  # type: ignore[no-untyped-call]
        metadata={"kernelspec": {"name": "arc", "display_name": "Arc", "language": "arc"}},
    )
    with pytest.raises(nbclient.exceptions.CellExecutionError) as raised:
        nbclient.NotebookClient(notebook, timeout=60).execute()
    assert raised.value.ename == "QualityError"
    assert "2 rows" in raised.value.evalue
    made = notebook.cells[2].outputs[0]
    assert made.metadata["arcbook"]["view"] == "n"
    assert made.data["text/plain"].split() == ["id", "--", "3", "4"]
    assert notebook.cells[4].outputs == []
    nbformat.validate(notebook)
