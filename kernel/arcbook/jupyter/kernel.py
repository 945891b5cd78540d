"""The `arc` kernel: ipykernel's Python kernel with another language in its cells."""

import gc
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any, ClassVar

from ipykernel.ipkernel import IPythonKernel
from traitlets import Float, Type

from arcbook.core.masking import masker
from arcbook.jupyter import assist
from arcbook.jupyter.shell import ArcShell
from arcbook_magics.python_cells import python_source

#: Seconds between the kernel's first answer and the start of heavy imports, which slow down other answers. Nobody
#: waits for these when a launcher runs the notebook.
WARM_UP_DELAY = 0.15


@contextmanager
def handled(handler: Callable[..., Any]) -> Iterator[None]:
    """Have `handler` called for SIGINT until the end; subshells, in other threads, have no signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


# ipykernel's class has no types; as Any, its methods can be called from typed code.
_Kernel: Any = IPythonKernel


class ArcKernel(_Kernel):  # type: ignore[misc]
    """Stage cells and SQL cells; Python in `%python` cells."""

    shell_class = Type(ArcShell)
    implementation = "arcbook"
    implementation_version = version("arcbook")
    language_info = {  # noqa: RUF012  (as ipykernel declares it)
        "name": "arc",
        "version": implementation_version,
        "mimetype": "text/x-sql",
        "codemirror_mode": "sql",
        "pygments_lexer": "sql",
        "file_extension": ".arc",
        "nbconvert_exporter": "arcexport",
    }
    help_links: ClassVar[list[dict[str, str]]] = []
    banner = f"arcbook {implementation_version}: SQL and stage cells; `%help` lists the magics."
    activity_interval = Float(
        60.0,
        help="Seconds between two signs of life while a cell runs. Servers and hubs take a kernel that sends nothing "
        "for idle, however busy it is, and may end it.",
    ).tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._interrupted = False
        pack = self.session.pack

        def masking_pack(part: Any) -> bytes:
            """Every message passes here; its header is left alone, for a short secret could be part of an id."""
            if masker() and not (isinstance(part, dict) and "msg_id" in part):
                part = masker().mask_tree(part)
            packed: bytes = pack(part)
            return packed

        self.session.pack = masking_pack

    async def kernel_info_request(self, stream: Any, ident: Any, parent: Any) -> None:
        """Answer first, then begin with what takes long: a client that waits for the kernel waits for this answer."""
        await super().kernel_info_request(stream, ident, parent)
        bench = self.shell.workbench
        bench.room.warm_up(WARM_UP_DELAY if bench.launch.interactive else 0.0)

    async def execute_request(self, stream: Any, ident: Any, parent: Any) -> None:
        """Run a cell and reply; an interrupt before the cell's code begins is kept until then.

        Within the code of ipykernel and IPython it would end no cell and lose the reply, for which a client waits for
        ever; within one of their imports it could even leave a lock that stops every thread.
        """
        self._interrupted = False
        with handled(self._keep_interrupt), self._signs_of_life(parent):
            await super().execute_request(stream, ident, parent)

    @contextmanager
    def _signs_of_life(self, parent: Any) -> Iterator[None]:
        """Say again and again that the kernel is busy: a server's last activity is that of the last message."""
        ended, telling = threading.Event(), threading.Lock()

        def say() -> None:
            while not ended.wait(self.activity_interval):
                with telling:  # never after the message that the kernel is idle
                    if not ended.is_set():
                        self._publish_status("busy", "shell", parent=parent)

        threading.Thread(target=say, name="arcbook-activity", daemon=True).start()
        try:
            yield
        finally:
            with telling:
                ended.set()

    def _keep_interrupt(self, *_: Any) -> None:
        self._interrupted = True

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let an interrupt, also one that was kept, end the code inside."""
        if signal.getsignal(signal.SIGINT) != self._keep_interrupt:
            yield  # code within code, or asynchronous code, for which ipykernel has a handler
            return
        with handled(signal.default_int_handler):
            if self._interrupted:
                raise KeyboardInterrupt
            yield

    async def do_execute(
        self,
        code: str,
        silent: bool,
        store_history: bool = True,
        user_expressions: Any = None,
        allow_stdin: bool = False,
        *,
        cell_meta: Any = None,
        cell_id: str | None = None,
    ) -> dict[str, Any]:
        """Run a cell."""
        self.shell.workbench.interactive_client = bool(allow_stdin)
        reply: dict[str, Any] = await super().do_execute(
            code, silent, store_history, user_expressions, allow_stdin, cell_meta=cell_meta, cell_id=cell_id
        )
        if reply.get("ename") == "KeyboardInterrupt":
            reply |= {"ename": "CancelledError", "evalue": "the cell was interrupted"}
        return reply

    def do_is_complete(self, code: str) -> dict[str, str]:
        """Whether a console should run `code` or let its user write on."""
        python = python_source(code)
        if python is not None:
            reply: dict[str, str] = super().do_is_complete(python)
            return reply
        return {"status": assist.completeness(code), "indent": ""}

    def do_complete(self, code: str, cursor_pos: int | None) -> Any:
        """Completions at a place."""
        cursor = len(code) if cursor_pos is None else cursor_pos
        if python_source(code) is not None and cursor > len(code.split(maxsplit=1)[0]):
            return super().do_complete(code, cursor_pos)
        found, start, end = assist.completions(code, cursor)
        return {"matches": found, "cursor_start": start, "cursor_end": end, "metadata": {}, "status": "ok"}

    def do_inspect(self, code: str, cursor_pos: int, detail_level: int = 0, omit_sections: Any = ()) -> Any:
        """Documentation of what stands at a place."""
        text = assist.documentation(code, cursor_pos)
        if text is None and python_source(code) is not None:
            return super().do_inspect(code, cursor_pos, detail_level, omit_sections)
        data = {"text/plain": text, "text/markdown": text} if text else {}
        return {"status": "ok", "found": bool(data), "data": data, "metadata": {}}

    async def do_shutdown(self, restart: bool) -> dict[str, Any]:
        """End the engine, then the kernel."""
        self.shell.workbench.close()
        reply = super().do_shutdown(restart)
        answer: dict[str, Any] = reply if isinstance(reply, dict) else await reply
        sys.stdout.flush()
        # At its end the interpreter collects garbage once more; walking all of pandas and PySpark takes 0.3 s.
        gc.freeze()
        return answer
