"""The parameters' form in a real kernel, filled in by a client that speaks the widgets' protocol."""

import time
from collections.abc import Mapping
from typing import Any

import pytest

from tests.jupyter.kernels import Kernel

DECLARED = """%params
region: enum("eu", "us") = "eu"
share: decimal(5,2) = 0.05 (0..1)   # share of rows
day: date
key: secret = null
"""


def messages(kernel: Kernel, request: str) -> list[tuple[str, Mapping[str, Any]]]:
    """All that is published for a request, until the kernel is idle again."""
    found = []
    until = time.monotonic() + 60
    while time.monotonic() < until:
        message = kernel.client.get_iopub_msg(timeout=60)
        if message["parent_header"].get("msg_id") != request:
            continue
        found.append((message["msg_type"], message["content"]))
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            break
    return found


def answer(kernel: Kernel, request: str) -> None:
    """Take the reply off the channel."""
    while kernel.client.get_shell_msg(timeout=60)["parent_header"].get("msg_id") != request:
        pass


class Form:
    """The models of a form by their ids, and by the parameter's name."""

    def __init__(self, kernel: Kernel, source: str) -> None:
        self.kernel = kernel
        request = kernel.send(source, interactive=True)
        published = messages(kernel, request)
        answer(kernel, request)
        self.states = {c["comm_id"]: dict(c["data"]["state"]) for kind, c in published if kind == "comm_open"}
        self._note_changes(published)
        self.ids = {state["description"]: key for key, state in self.states.items() if state.get("description")}
        (self.shown,) = [content["data"] for kind, content in published if kind == "execute_result"]

    def enter(self, name: str, value: Any, key: str = "value") -> str:
        """Change a control as its user does; returns all that the kernel published."""
        client = self.kernel.client
        data = {"method": "update", "state": {key: value}, "buffer_paths": []}
        message = client.session.msg("comm_msg", {"comm_id": self.ids[name], "data": data})
        client.shell_channel.send(message)
        published = messages(self.kernel, message["header"]["msg_id"])
        self._note_changes(published)
        return str(published)

    def _note_changes(self, published: list[tuple[str, Mapping[str, Any]]]) -> None:
        for kind, content in published:
            if kind == "comm_msg" and content["data"].get("method") == "update":
                self.states[content["comm_id"]] |= content["data"]["state"]

    def note(self, name: str) -> str:
        """What stands beside the field."""
        key = self.ids[name]
        (row,) = [each["children"] for each in self.states.values() if f"IPY_MODEL_{key}" in each.get("children", ())]
        note: str = self.states[row[1].removeprefix("IPY_MODEL_")]["value"]
        return note


@pytest.fixture(scope="module")
def form(kernel: Kernel) -> Form:
    """The form of the declared parameters."""
    return Form(kernel, DECLARED)


def test_the_cell_shows_a_form_and_a_table(form: Form) -> None:
    """A control for each parameter with the value in force, and its meaning beside it."""
    assert "application/vnd.jupyter.widget-view+json" in form.shown
    assert "text/html" in form.shown
    assert set(form.ids) == {"region", "share", "day", "key"}
    assert "share of rows" in form.note("share")


def test_what_is_entered_is_bound_in_later_cells(form: Form, kernel: Kernel) -> None:
    """By the declaration: the typed value reaches SQL; a wrong one is refused at its field and changes nothing."""
    index = form.states[form.ids["region"]]["_options_labels"].index("us")
    form.enter("region", index, "index")
    form.enter("share", "0.5")
    form.enter("day", {"year": 2026, "month": 10, "date": 23})
    form.enter("share", "1.5")
    assert "between 0 and 1" in form.note("share")
    shown = kernel.run("%sql\nSELECT :region AS region, :share AS share, typeof(:share) AS kind, :day AS day")
    assert shown.texts[0].splitlines()[-1].split() == ["us", "0.50", "decimal(5,2)", "2026-11-23"]
    form.enter("share", "0.25")
    assert "between 0 and 1, default" in form.note("share")
    assert kernel.run("%sql\nSELECT :share AS share").texts[0].endswith("0.25")


def test_a_secret_is_in_no_message(form: Form, kernel: Kernel) -> None:
    """It is taken, the field is emptied, and nothing that the kernel publishes repeats it."""
    assert "swordfish-canary" not in form.enter("key", "swordfish-canary")
    assert form.states[form.ids["key"]]["value"] == ""
    assert kernel.run("%sql\nSELECT :key = 'swordfish' || '-canary' AS same").texts[0].endswith("true")
    assert "********" in kernel.run("%sql\nSELECT :key AS key").texts[0]


def test_nobody_at_the_notebook_gets_no_form(kernel: Kernel) -> None:
    """A client that cannot answer runs the notebook from top to bottom: the table is enough."""
    shown = kernel.run("%params\nother: string = x")
    ((_, content),) = shown.outputs
    assert "application/vnd.jupyter.widget-view+json" not in content["data"]
