"""One shell's state, and the way of a cell through it: read, fill, check, run, show."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arcbook.cells.options import Options
from arcbook.core.failures import ArcbookError, CancelledError, CellError
from arcbook.core.launch import settings_from
from arcbook.core.launcher import Launch
from arcbook.core.masking import find_secrets, masker, names_a_secret
from arcbook.core.notes import tell
from arcbook.core.problem import Problem
from arcbook.core.settings import RunSettings
from arcbook.core.span import Span
from arcbook_magics.errors import LONGEST_TRACE, render
from arcbook_magics.inputs import Inputs
from arcbook_magics.registry import magic
from arcbook_magics.room import EngineRoom
from arcbook_magics.shown import Shown, visible

if TYPE_CHECKING:
    from arcbook.cells.model import Cell, Step
    from arcbook.cells.plan import Context
    from arcbook.engines.session import Session
    from arcbook.reuse.replay import Replay
    from arcbook.reuse.reuse import Reuse
    from arcbook.runners.executor import Executor, Refused
    from arcbook_magics.stages import Ran


class Workbench:
    """Options, values and engine behind the cells of one shell.

    Args:
        publish: shows an output before the cell has ended.
        describe: the metadata of the request being run (`cellId`, `tags`, `arcbook.cell`).
        in_kernel: whether the shell is a kernel's, which can show widgets.
    """

    def __init__(
        self,
        *,
        publish: Callable[[Shown], None],
        describe: Callable[[], dict[str, Any]] = dict,
        in_kernel: bool = False,
    ) -> None:
        self.launch = Launch.from_environment()
        self.options = Options.from_environment({**os.environ, **self._storage_level()})
        self.inputs = Inputs()
        self.room = EngineRoom(self._open, _import_language)
        self.publish = publish
        self.chosen: str | None = None
        self.computed: dict[str, Any] = {}
        self.last_error: ArcbookError | None = None
        #: The stage that ran last, of which a test can be recorded.
        self.last: Ran | None = None
        #: Whether the client that sent the current cell can answer prompts and show widgets.
        self.interactive_client = True
        self.events: list[dict[str, Any]] = []
        #: The steps that ran to their end, by their cell (its id, else its text): of each cell its last run alone.
        self.ran: dict[str, list[Step]] = {}
        self.in_kernel = in_kernel
        #: What earlier runs have done and what is kept of this one; None where nobody asked.
        self.reuse: Reuse | None = None
        #: The run that this kernel replays; then nothing is written to its real place.
        self.replay: Replay | None = None
        #: Digests of the Python cells that the resumed run has completed and that are not to run again.
        self._python_left = [str(each) for each in self.launch.reuse.get("python_done") or ()]
        self._describe = describe
        self._told_environment = False

    @property
    def interactive(self) -> bool:
        """Whether somebody sits at the notebook."""
        return self.launch.interactive and self.interactive_client

    @property
    def has_widgets(self) -> bool:
        """Whether a form can be shown and filled in: a kernel, with somebody at the notebook."""
        return self.in_kernel and self.interactive

    @property
    def environment(self) -> str | None:
        """The chosen environment: the launcher's, else a `%environment` cell's."""
        return self.launch.environment or self.chosen

    @property
    def settings(self) -> RunSettings:
        """The choices in force: Arc's options and policies, and what was chosen in the notebook.

        Raises:
            CellError: an option of the process is unknown, or its value does not fit.
        """
        chosen = settings_from(
            self.launch.values,
            os.environ | dict(self.launch.values),
            environment=self.environment,
            logical_time=self.launch.logical_time,
        )
        return replace(
            chosen,
            environment=self.environment,
            job_name=chosen.job_name or self.launch.job,
            job_id=chosen.job_id or self.launch.run_id,
            run_id=self.launch.run_id,
            run_key=self.launch.run_key,
            first_run_id=str(self.launch.reuse.get("lineage") or ""),
            streaming=chosen.streaming or bool(self.options["streaming"]),
        )

    def _storage_level(self) -> dict[str, str]:
        """The storage level in force, under the name by which `%conf` shows it."""
        try:
            chosen = settings_from(self.launch.values, os.environ | dict(self.launch.values))
        except CellError:  # it is shown when a cell needs the options
            return {}
        return {"CONF_STORAGE_LEVEL": chosen.storage_level}

    def context(self) -> "Context":
        """What fills and decides the next cell.

        Raises:
            CellError: a value was given for a parameter that no cell declares.
        """
        from arcbook.cells.fetch import frozen
        from arcbook.cells.plan import Context

        return Context(
            settings=self.settings,
            launch=self.launch.values,
            values=self.inputs.values(),
            env=self.inputs.env,
            computed=self.computed,
            plugins=self.inputs.plugins,
            document=self.inputs.document,
            left=self.inputs.left,
            lifecycle=self.inputs.lifecycle,
            fetch=frozen(self.launch.documents),
            engine=self.launch.engine,
        )

    def run(self, source: str) -> Shown | None:
        """Run one cell; the last thing there is to show is returned, the others are published as they come.

        Raises:
            ArcbookError: always one of ours; IPython shows it as `arcbook_magics.errors` renders it.
        """
        waiting: Shown | None = None
        try:
            self.room.wait_for_imports()
            for shown in self._outputs(source):
                if waiting is not None:
                    self.publish(waiting)
                waiting = shown
        except BaseException as error:  # noqa: BLE001  # the border to IPython: short errors, whatever went wrong
            if waiting is not None:
                self.publish(waiting)
            raise self._failed(error, source) from None
        return waiting

    def _failed(self, error: BaseException, source: str) -> BaseException:
        """A cell's failure as it is to be shown, after what a resumed run will want is kept."""
        shown = self.presentable(error, source)
        if self.reuse is not None:
            from arcbook_magics.reusing import keep_for_resuming

            keep_for_resuming(self.room, self.reuse, shown)
        return shown

    def _outputs(self, source: str) -> Iterator[Shown]:
        from arcbook.cells.magics import read_cell

        about = self._describe()
        numbered = about.get("arcbook") or {}
        cell = read_cell(
            source,
            number=numbered.get("cell") if isinstance(numbered, dict) else None,
            cell_id=str(about.get("cellId") or ""),
            tags=tuple(about.get("tags") or ()),
        )
        yield from magic(cell.magic).run(self, cell)

    def run_stages(self, cell: "Cell") -> Iterator[Shown]:
        """Run the stages of a cell, one after the other.

        Raises:
            ArcbookError: the first failure; nothing after it runs.
        """
        from arcbook_magics.stages import run_stages

        yield from run_stages(self, cell)

    def reusing(self) -> "Reuse | None":
        """What earlier runs have done and what is to be kept of this one; None where the launcher did not ask.

        Raises:
            InputError: the record of the run to resume cannot be read.
        """
        if self.reuse is None and self.launch.reuse:
            from arcbook_magics.reusing import open_reuse

            self.reuse = open_reuse(self.launch.reuse)
        return self.reuse

    def note_python(self, digest: str) -> None:
        """Note that Python runs, or was run by the resumed run: no key can see what it did."""
        reuse = self.reusing()
        if reuse is not None:
            reuse.chain("python", digest)

    def leaves_out(self, source: str) -> bool:
        """Whether the resumed run has completed a Python cell that is not to run again."""
        if not self._python_left:
            return False
        from arcbook.reuse.keys import digest_of_text

        return digest_of_text(source) in self._python_left

    def leave_out(self, source: str) -> None:
        """Leave a Python cell out, once: a later cell may say the same."""
        from arcbook.reuse.keys import digest_of_text

        digest = digest_of_text(source)
        self._python_left.remove(digest)
        self.note_python(digest)

    def begin_cell(self, cell: "Cell") -> None:
        """Forget what an earlier run of the cell did: `note_ran` begins anew, behind the cells that ran before."""
        key = cell.cell_id or cell.source
        self.ran.pop(key, None)
        self.ran[key] = []

    def note_ran(self, step: "Step") -> None:
        """Keep a step that ran to its end, also one of a job within the cell's."""
        next(reversed(self.ran.values())).append(step)

    def keep_computed(self, values: Mapping[str, Any]) -> None:
        """Take values of a ConfigExecute stage for lazy ones; those whose names say that they are secret are masked."""
        for name, value in values.items():
            if names_a_secret(name) and isinstance(value, str):
                masker().add(value)
        self.computed |= values

    def abandoned(self) -> "Refused | None":
        """In a launched run, why nothing further runs, Python neither; None when it does.

        Raises:
            ArcbookError: the engine cannot be opened.
        """
        plugins = self.inputs.lifecycle
        if not plugins or self.launch.interactive:
            return None
        return self.room.call(lambda executor: executor.refused(plugins))

    def with_session(self, work: "Callable[[Session], Any]") -> Any:
        """Do `work` with the engine's session; waits for the engine.

        Raises:
            ArcbookError: the engine cannot be opened, or `work` failed.
        """
        bound = self.inputs.values().bound()

        def inside(executor: "Executor") -> Any:
            from arcbook.core.translate import translating

            with translating():
                return work(executor.session(bound))

        return self.room.call(inside)

    def names_for_python(self, names: Iterable[str], views: Callable[..., Any]) -> dict[str, Any]:
        """The values of `spark`, `views` and `params`, as far as asked for. `views` makes the mapping of views.

        Raises:
            ArcbookError: the engine cannot be opened, or a parameter has no value.
        """
        found: dict[str, Any] = {}
        if "params" in names:
            found["params"] = dict(self.inputs.values().typed)
        if "spark" in names or "views" in names:
            session = self.with_session(lambda session: session)
            found |= {"spark": session.spark, "views": views(session.spark, [view.name for view in session.views])}
        return {name: value for name, value in found.items() if name in names}

    def environment_notice(self) -> str:
        """Once per shell: that nothing is chosen and so every cell runs; an empty text otherwise."""
        if self.environment is not None or self._told_environment:
            return ""
        self._told_environment = True
        return "No environment is chosen: every stage runs. `%environment NAME` chooses one."

    def close(self) -> None:
        """End the engine."""
        self.room.close()

    def _open(self) -> "Executor":
        from arcbook.engines.open import open_engine
        from arcbook.runners.base import load_runners
        from arcbook.runners.executor import Executor

        executor = Executor(open_engine(self.launch.engine), self.settings, self._log)
        load_runners()
        executor.session({})
        return executor

    def _log(self, event: Any) -> None:
        self.events.append(dict(event))

    def presentable(self, error: BaseException, source: str) -> BaseException:
        """`error` as one of ours that IPython shows in a few lines; what ends the process comes back as it is."""
        if isinstance(error, KeyboardInterrupt):
            self.room.interrupt()
            error = CancelledError("the cell was interrupted")
        elif not isinstance(error, Exception):
            return error
        from arcbook.core.translate import translate

        ours = translate(error)
        self.last_error = ours
        lines = render(ours, source, more=self._shows_more())
        if ours.detail and not self.launch.interactive:
            tell("trace", text=ours.detail[:LONGEST_TRACE])
        if ours.detail and self._shows_traces():
            lines += visible(ours.detail, lines=True).splitlines()
        # IPython's protocol for exceptions that know how they look.
        ours._render_traceback_ = lambda: lines  # type: ignore[attr-defined]
        return ours.with_traceback(None)

    def _shows_more(self) -> str:
        """The command that shows an engine's full text: nobody can ask the kernel of a run when it is over."""
        if not self.options["extendedErrors"]:
            return ""
        return "%help error" if self.launch.interactive else f"arcbook runs show {self.launch.run_id} --more"

    def _shows_traces(self) -> bool:
        try:
            return self.settings.stack_trace
        except CellError:  # it is shown when a cell needs the options
            return False

    def refuse_secrets(self, cell: "Cell") -> None:
        """Stop before a cell whose text holds a secret is run or saved.

        Raises:
            CellError: the places.
        """
        found = find_secrets(cell.source)
        if not found:
            return
        problems = []
        for start, end, kind in found:
            masker().add(cell.source[start:end])
            span = replace(Span.at(cell.source, start, end), cell=cell.number)
            remedy = "Define it with `%secret` or a `secret` parameter and write `${NAME}`."
            problems.append(Problem("secret-in-text", f"the cell contains a secret ({kind})", span, remedy=remedy))
        raise CellError(problems)


def _import_language() -> None:
    """Import what reads, checks and shows cells, magic by magic, stage type by stage type."""
    from arcbook.cells import describe, plan  # noqa: F401
    from arcbook.cells.text_table import columns_of
    from arcbook.sql.references import analyse
    from arcbook.stages.registry import plugin_types, stage_types
    from arcbook_magics import stages  # noqa: F401
    from arcbook_magics.registry import magic_names

    for name in magic_names():
        magic(name)
    stage_types()
    plugin_types()
    analyse("SELECT 1 AS one")  # the parser is imported with the first statement
    columns_of("é")  # and what measures letters with the first that is not ASCII
