"""papermill's engine for the `arc` kernel, and the way it becomes the default one.

papermill loads the entry point `arcbook` at the end of the import of `papermill.engines`. Loading this module
registers, through papermill's public tables: the translator for `arc`, and a default engine that runs notebooks of the
`arc` kernel here and hands every other one to papermill's own default engine, unchanged. Nothing of papermill is
replaced.

This module may be imported before papermill as well as by it: the classes come first and need nothing of papermill,
the registration last.
"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from arcbook.core.failures import ArcbookError, CellError, InternalError
from arcbook.core.kernelspec import KERNEL, KERNELSPEC
from arcbook.core.problem import Problem

if TYPE_CHECKING:
    from arcbook.runs.request import Outcome


class ArcEngine:
    """Executes notebooks with a journal and a record; papermill's engine of the name `arcbook`."""

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """The notebook's kernel.

        Raises:
            JobRefusedError: the notebook does not say, and no kernel was chosen.
        """
        found = name or nb.metadata.get("kernelspec", {}).get("name")
        if name == KERNEL and "kernelspec" not in nb.metadata:
            # The choice completes the notebook: papermill asks for its language next, without saying the kernel.
            nb.metadata["kernelspec"] = dict(KERNELSPEC)
        if not found:
            from arcbook.runs.papermill_errors import JobRefusedError

            remedy = "Choose one with `-k arc` (for a job of SQL and stages), or save the notebook with a kernel."
            message = "The notebook does not say which kernel it is written for."
            raise JobRefusedError(CellError([Problem("kernel-metadata", message, remedy=remedy)]))
        return str(found)

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        """The notebook's language; `arc` for the kernel `arc` where it says nothing."""
        from papermill.utils import nb_language

        if language is None and nb.metadata.get("kernelspec", {}).get("name") == KERNEL:
            return KERNEL
        return str(nb_language(nb, language))

    @classmethod
    def execute_notebook(
        cls,
        nb: Any,
        kernel_name: str,
        output_path: str | None = None,
        progress_bar: Any = True,
        log_output: bool = False,
        input_path: Any = None,
        start_timeout: int = 60,
        execution_timeout: int | None = None,
        stdout_file: Any = None,
        stderr_file: Any = None,
        **options: Any,
    ) -> Any:
        """Run `nb` and return it executed, masked, with papermill's metadata.

        The notebook is written once, at the end; meanwhile the journal has everything.

        Raises:
            RunFailedError: the job failed; the executed notebook is written, the record complete.
        """
        import nbformat

        from arcbook.runs.execute import execute
        from arcbook.runs.papermill_errors import JobRefusedError
        from arcbook.runs.progress import progress
        from arcbook.runs.request import Request

        _make_plain(nb)
        target = output_path or nb.metadata.get("papermill", {}).get("output_path")
        source = input_path if isinstance(input_path, str) else ""
        request = Request(
            notebook=nbformat.from_dict(nb),  # type: ignore[no-untyped-call]
            source="" if source == "-" else source,
            kernel=kernel_name,
            any_kernel=True,  # papermill's -k has the last word
            environment=options.get("environment"),
            engine=options.get("engine"),
            record_root=options.get("record"),
            output=target,
            folder=_folder(source),
            start_timeout=start_timeout,
            cell_timeout=execution_timeout or options.get("timeout"),
        )
        with progress(nb, wanted=bool(progress_bar)) as on_cell:
            try:
                outcome = execute(request, on_cell)
            except ArcbookError as error:
                raise JobRefusedError(error) from error
        executed = nbformat.from_dict(outcome.notebook)  # type: ignore[no-untyped-call]
        _report(outcome, executed, log_output, stdout_file, stderr_file)
        if outcome.error is not None:
            _write(executed, target)
            raise _failed(outcome)
        return executed


class DefaultEngine:
    """papermill's default engine from now on: `arc` notebooks to `ArcEngine`, all others to papermill's own."""

    own: Any = None

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """The notebook's kernel."""
        return ArcEngine.nb_kernel_name(nb, name)

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> Any:
        """The notebook's language; papermill's own rule for notebooks of other kernels."""
        named = nb.metadata.get("kernelspec", {}).get("name")
        return (ArcEngine if named == KERNEL else cls.own).nb_language(nb, language)

    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str, **options: Any) -> Any:
        """Run the notebook with the engine for its kernel."""
        return (ArcEngine if kernel_name == KERNEL else cls.own).execute_notebook(nb, kernel_name, **options)


def _make_plain(nb: Any) -> None:
    """Note the given parameters as the cell that gives them has them: dates and decimals, which no notebook holds."""
    from arcbook.runs.translator import literal

    told = nb.metadata.get("papermill", {})
    for name, value in told.get("parameters", {}).items():
        told["parameters"][name] = json.loads(literal(name, value))


def _folder(source: str) -> str | None:
    """Where the kernel works: the folder of a local notebook, as in JupyterLab, unless `--cwd` chose another one."""
    from papermill.iorw import papermill_io

    handler = papermill_io.get_handler("local")
    start = handler.cwd(None)  # papermill's way to ask for it is to set it
    handler.cwd(start)
    path = Path(start or ".", source)
    if not source or Path.cwd() != Path(start or ".").resolve() or not path.is_file():
        return None
    return str(path.resolve().parent)


def _write(notebook: Any, target: str | None) -> None:
    from papermill.iorw import write_ipynb

    write_ipynb(notebook, target)


def _failed(outcome: "Outcome") -> Exception:
    from arcbook.runs.papermill_errors import RunFailedError
    from arcbook.runs.render import is_marker

    index = outcome.cell_index
    cells = [cell for cell in outcome.notebook["cells"] if not is_marker(cell)]
    cell = cells[index] if index is not None else {}
    return RunFailedError(
        outcome.error or InternalError("no error"),
        cell_index=index or 0,
        cell=cell,
        record=outcome.address,
        number=outcome.record.failure.cell if outcome.record.failure else None,
    )


def _report(outcome: "Outcome", notebook: Any, log_output: bool, stdout_file: Any, stderr_file: Any) -> None:
    """Warnings on stderr; papermill's options that copy what cells print: at the end, from the masked notebook."""
    for line in (*outcome.warnings, outcome.record_trouble):
        if line:
            print(line, file=sys.stderr)
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.output_type != "stream":
                continue
            if log_output:
                print(output.text, file=sys.stderr, end="")
            file = stdout_file if output.name == "stdout" else stderr_file
            if file:
                file.write(output.text)


def _register() -> None:
    from papermill.engines import papermill_engines
    from papermill.translators import papermill_translators

    from arcbook.runs.translator import ArcTranslator

    papermill_translators.register(KERNEL, ArcTranslator)
    own = papermill_engines.get_engine(None)
    if own is not DefaultEngine:
        DefaultEngine.own = own
        papermill_engines.register(None, DefaultEngine)


_register()
