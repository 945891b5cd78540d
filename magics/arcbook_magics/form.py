"""The parameters as a form, for a notebook with somebody in front of it."""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

from arcbook.core.failures import CellError
from arcbook_magics.shown import Shown

if TYPE_CHECKING:
    from arcbook.cells.declarations import Declaration
    from arcbook_magics.workbench import Workbench

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


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
    """A control per parameter, and a line that says why a value was not taken. A taken value counts at once."""
    import ipywidgets as widgets

    message = widgets.HTML()
    rows = [_row(bench, each, message) for each in bench.inputs.declared or ()]
    return widgets.VBox([*rows, message])


def _row(bench: "Workbench", declaration: "Declaration", message: Any) -> Any:
    import html

    def changed(change: Any) -> None:
        value = change["new"]
        text = value.isoformat() if isinstance(value, date) else value if isinstance(value, bool) else str(value)
        try:
            bench.inputs.give({declaration.name: text})
            message.value = ""
        except CellError as error:
            message.value = f"<span style='color:#b00'>{html.escape(error.problems[0].message)}</span>"

    widget = _widget(declaration, bench.inputs.given.get(declaration.name))
    widget.description = declaration.name
    widget.tooltip = declaration.summary()
    widget.observe(changed, "value")
    return widget


def _widget(declaration: "Declaration", given: Any) -> Any:
    """The control for a parameter, showing the value in force."""
    import ipywidgets as widgets

    kind = declaration.type.kind
    value = declaration.read(given) if given is not None else declaration.default
    makers: dict[str, Callable[[], Any]] = {
        "boolean": lambda: widgets.Checkbox(value=bool(value)),
        "enum": lambda: widgets.Dropdown(options=declaration.type.choices, value=value),
        "date": lambda: widgets.DatePicker(value=value),
        "secret": lambda: widgets.Password(value="", placeholder="hidden", continuous_update=False),
    }
    if kind in makers:
        return makers[kind]()
    shown = "" if value is None else declaration.type.text(value)
    return widgets.Text(value=shown, placeholder=str(declaration.type), continuous_update=False)
