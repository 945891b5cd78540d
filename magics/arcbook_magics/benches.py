"""The workbench of each shell of this process."""

import atexit
from collections.abc import Callable
from typing import Any

from arcbook_magics.shown import Shown
from arcbook_magics.workbench import Workbench

#: Not weak: a workbench holds its shell, by the functions that show and describe.
_BENCHES: dict[Any, Workbench] = {}


def get_workbench(shell: Any) -> Workbench:
    """The workbench of an IPython shell, made on first use; it ends with the process."""
    bench = _BENCHES.get(shell)
    if bench is None:
        in_kernel = getattr(shell, "kernel", None) is not None
        bench = Workbench(publish=_publisher(shell), describe=_describer(shell), in_kernel=in_kernel)
        _BENCHES[shell] = bench
        atexit.register(bench.close)
    return bench


def forget_workbench(shell: Any) -> None:
    """End a shell's workbench, if it has one."""
    bench = _BENCHES.pop(shell, None)
    if bench is not None:
        atexit.unregister(bench.close)
        bench.close()


def _publisher(shell: Any) -> Callable[[Shown], None]:
    def publish(shown: Shown) -> None:
        shell.display_pub.publish(data=dict(shown.data), metadata=dict(shown.metadata))

    return publish


def _describer(shell: Any) -> Callable[[], dict[str, Any]]:
    """What the request being run says of its cell; plain IPython has no requests."""

    def describe() -> dict[str, Any]:
        get_parent = getattr(shell, "get_parent", None)
        parent = get_parent() if get_parent else None
        found = (parent or {}).get("metadata") or {}
        return found if isinstance(found, dict) else {}

    return describe
