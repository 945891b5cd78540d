"""The IPython extension: `%load_ext arcbook_magics`.

The magics are those of the `arc` kernel, which uses the same code. In plain IPython `%%sql outputView=adults` runs the
cell below it, `%sql SELECT 1` one line. Names that IPython has already keep IPython's meaning (`%env` stays IPython's;
`%%env` is ours).
"""

from typing import Any

__all__ = ["load_ipython_extension", "unload_ipython_extension"]


def load_ipython_extension(shell: Any) -> None:
    """Register the magics with an IPython shell."""
    from arcbook_magics.plain import adapt
    from arcbook_magics.registry import magic_names, plain_kinds

    for name in magic_names():
        for kind in sorted(plain_kinds(name)):
            taken = shell.magics_manager.magics[kind].get(name)
            if taken is None or _is_ours(taken):
                shell.register_magic_function(adapt(shell, name, kind), kind, name)


def unload_ipython_extension(shell: Any) -> None:
    """Take the magics away and end the engine."""
    from arcbook_magics.benches import forget_workbench

    for registered in shell.magics_manager.magics.values():
        for name in [name for name, function in registered.items() if _is_ours(function)]:
            del registered[name]
    forget_workbench(shell)


def _is_ours(function: object) -> bool:
    return getattr(function, "__module__", "") == "arcbook_magics.plain"
