"""Our failures as papermill and its command line understand them."""

from collections.abc import Mapping
from typing import IO, Any

import click
from papermill.exceptions import PapermillExecutionError

from arcbook.core.failures import ArcbookError


class JobRefusedError(click.ClickException, ValueError):
    """A run was refused before papermill had a cell to blame; its command ends with the exit code of the class."""

    def __init__(self, error: ArcbookError) -> None:
        super().__init__(error.message)
        self.error = error
        self.exit_code = error.exit_code  # type: ignore[misc]


class RunFailedError(PapermillExecutionError, click.ClickException):  # type: ignore[misc]
    """A run failed: papermill's own exception for programs, a failure class and exit code for its command line.

    `error` is the failure, `record` the address of the run's record, `cell` the number of the code cell that failed.
    """

    def __init__(
        self, error: ArcbookError, *, cell_index: int, cell: Mapping[str, Any], record: str, number: int | None
    ) -> None:
        self.cell_index = cell_index
        self.exec_count = cell.get("execution_count")
        self.source = str(cell.get("source", ""))
        self.ename = type(error).__name__
        self.evalue = error.message
        self.traceback = (error.detail or error.message).splitlines()
        # Neither base's own initialiser can be called: each would call the other's with its arguments.
        Exception.__init__(self, cell_index, self.exec_count, self.source, self.ename, self.evalue, self.traceback)
        self.error = error
        self.record = record
        self.cell = number
        self.exit_code = error.exit_code  # type: ignore[misc]

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled (by a process pool) as papermill's exception."""
        return PapermillExecutionError, self.args

    def format_message(self) -> str:
        """What the command line prints."""
        failure = self.error.failure
        place = f" in cell {self.cell}" if self.cell else ""
        ending = f"Failed{place} as `{failure.name}` (exit code {failure.exit_code}). Record: {self.record}"
        return f"{self.error.message}\n\n{ending}"

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message on stderr."""
        click.echo(f"Error: {self.format_message()}", file=file, err=True)
