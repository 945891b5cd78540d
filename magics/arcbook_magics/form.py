"""The parameters as a form, for a notebook with somebody in front of it.

One control for each declaration, with a note beside it: what is declared, or why the value was not taken. Values are
judged by the declaration alone; a control refuses and changes nothing by itself, so that no limit is applied twice.
"""

import html
from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from arcbook.core.failures import CellError
from arcbook_magics.shown import Shown

if TYPE_CHECKING:
    from arcbook.cells.declarations import Declaration
    from arcbook_magics.workbench import Workbench

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
#: Kinds whose empty text is a value: an empty text, a list without items.
_MAY_BE_EMPTY = ("string", "list")


def with_form(bench: "Workbench", plain: Shown) -> Shown:
    """`plain` with a form in front of it for clients that show widgets; the same thing where ipywidgets is missing."""
    try:
        box = form(bench)
    except ImportError:
        return plain
    bundle = box._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    return Shown({**plain.data, WIDGET_VIEW: data[WIDGET_VIEW]}, plain.metadata)


def form(bench: "Workbench") -> Any:
    """A row for each parameter: a control, and a note. A value that is taken counts at once, for later cells."""
    import ipywidgets as widgets

    return widgets.VBox([_row(bench, each) for each in bench.inputs.declared or ()])


def _row(bench: "Workbench", declaration: "Declaration") -> Any:
    import ipywidgets as widgets

    control = _control(declaration, _in_force(bench, declaration))
    control.description = declaration.name
    control.style.description_width = "12em"
    control.layout.width = "32em"
    note = widgets.HTML(_described(declaration))

    def changed(change: Mapping[str, Any]) -> None:
        value = change["new"]
        if declaration.type.kind == "secret" and not value:
            return  # the field was emptied, below
        problem = _take(bench, declaration, value)
        note.value = _refused(problem) if problem else _described(declaration)
        if declaration.type.kind == "secret":
            # The value must not stay in the form: its state is saved with the notebook.
            control.value = ""
            control.placeholder = "not taken" if problem else "taken, and hidden"

    control.observe(changed, "value")
    return widgets.HBox([control, note])


def _take(bench: "Workbench", declaration: "Declaration", value: Any) -> str:
    """Give the parameter the value of its control; why that was refused, or an empty text."""
    nothing = value is None or (value == "" and declaration.type.kind not in _MAY_BE_EMPTY)
    if nothing:
        bench.inputs.take_back(declaration.name)
        return f"the parameter `{declaration.name}` needs a value" if declaration.required else ""
    try:
        bench.inputs.give({declaration.name: _plain(value)})
    except CellError as error:
        return error.problems[0].message
    return ""


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _in_force(bench: "Workbench", declaration: "Declaration") -> Any:
    given = bench.inputs.given.get(declaration.name)
    return declaration.default if given is None else declaration.read(given)


def _described(declaration: "Declaration") -> str:
    return f"<span style='color:var(--jp-ui-font-color2, #666)'>{html.escape(declaration.summary())}</span>"


def _refused(message: str) -> str:
    return f"<span role='alert' style='color:var(--jp-error-color1, #b00)'>{html.escape(message)}</span>"


def _control(declaration: "Declaration", value: Any) -> Any:
    """The control for a parameter, showing the value in force; an empty one where there is none."""
    import ipywidgets as widgets

    type_ = declaration.type
    makers: dict[str, Callable[[], Any]] = {
        "boolean": lambda: _truth(value),
        "enum": lambda: widgets.Dropdown(options=_choices(declaration, value), value=value),
        "date": lambda: widgets.DatePicker(value=value),
        "secret": lambda: _secret(declaration),
    }
    if type_.kind in makers:
        return makers[type_.kind]()
    if type_.item and type_.item.kind == "enum":
        return widgets.SelectMultiple(options=type_.item.choices, value=tuple(dict.fromkeys(value or ())))
    shown = "" if value is None else declaration.written(value)
    return widgets.Text(value=shown, placeholder=declaration.example(), continuous_update=False)


def _choices(declaration: "Declaration", value: Any) -> list[tuple[str, str | None]]:
    """The choices, and none of them where that is possible or still the case."""
    none: list[tuple[str, str | None]] = [] if declaration.default is not None and value is not None else [("", None)]
    return [*none, *((choice, choice) for choice in declaration.type.choices)]


def _truth(value: bool | None) -> Any:
    """A check box says yes or no; where neither is said yet, it would lie."""
    import ipywidgets as widgets

    if value is None:
        return widgets.Dropdown(options=[("", None), ("true", True), ("false", False)], value=None)
    return widgets.Checkbox(value=value, indent=True)


def _secret(declaration: "Declaration") -> Any:
    import ipywidgets as widgets
    from traitlets import Unicode

    class Hidden(widgets.Password):  # type: ignore[misc]  # untyped
        """A password that is not sent back to every client that looks at the kernel."""

        value = Unicode("").tag(sync=True, echo_update=False)

    return Hidden(placeholder=declaration.default_text() or "hidden", continuous_update=False)
