"""HOCON by its specification: documents with what they include, bound against themselves."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from arcbook.cells.bind import Scope, bind
from arcbook.cells.hocon import read_document
from arcbook.cells.tree import Tree
from arcbook.core.failures import CellError, InputError

Compare = Callable[..., None]


def reader_of(files: Mapping[str, str]) -> Callable[[str], str]:
    """A `fetch` over texts by address."""

    def fetch(address: str) -> str:
        if address in files:
            return files[address]
        raise InputError(f"cannot read {address}") from FileNotFoundError(address)

    return fetch


def bound(case: Mapping[str, Any]) -> Tree:
    """A case's document with its placeholders filled."""
    tree = read_document(case["text"], origin="job.conf", fetch=reader_of(case.get("files", {})))
    return bind(tree, Scope(*case.get("lookups", []), tree.value, case.get("environment", {})))


def test_documents_mean_what_the_specification_says(hocon_case: dict[str, Any], compare: Compare) -> None:
    """A document yields its value and warnings, or its problems at their places."""
    if "problems" in hocon_case:
        with pytest.raises(CellError) as caught:
            bound(hocon_case)
        compare(caught.value.problems, [{"origin": "job.conf", **each} for each in hocon_case["problems"]])
        return
    tree = bound(hocon_case)
    assert tree.value == hocon_case["value"]
    wanted = hocon_case.get("warnings", [])
    assert len(tree.problems) == len(wanted)
    assert all(part in problem.message for part, problem in zip(wanted, tree.problems, strict=True))
