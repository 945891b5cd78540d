"""What happens when a library grows an error: these tests fail until somebody has decided about it."""

import importlib
import inspect
import json
import mmap
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from arcbook.core.failures import FAILURES, InternalError
from arcbook.core.foreign import ROWS
from arcbook.core.foreign.row import Row
from arcbook.core.translate import qualified_names, translate

DATA = Path(__file__).parent / "data"
#: The modules whose exceptions can reach us; those of pyspark, botocore and boto3 are decided one by one, too
#: (test_translate.py).
MODULES = (
    "pyspark.errors.exceptions.base", "pyspark.errors.exceptions.connect", "grpc", "botocore.exceptions",
    "boto3.exceptions", "deltalake.exceptions", "pyarrow.lib", "pysail", "papermill.exceptions", "nbclient.exceptions",
    "jupyter_client.kernelspec", "jupyter_client.manager", "jupyter_client.client", "jupyter_client.session",
    "nbformat.reader", "nbformat.validator", "psycopg", "psycopg.errors", "sqlglot.errors",
)  # fmt: skip
#: Classes that no row decides, or only the one for everything of their library, each with the reason.
SAIL = yaml.safe_load((DATA / "sail-errors.yaml").read_text(encoding="utf-8"))
EXCEPTIONS: Mapping[str, str] = yaml.safe_load((DATA / "untranslated.yaml").read_text(encoding="utf-8"))


def _classes() -> dict[str, type[BaseException]]:
    found = {}
    for name in MODULES:
        module = importlib.import_module(name)
        for _, value in inspect.getmembers(module, inspect.isclass):
            if issubclass(value, BaseException) and value.__module__ != "builtins":
                found[f"{value.__module__}.{value.__qualname__}"] = value
    return found


def _by_class(error_class: type[BaseException]) -> Row | None:
    """The row that decides about a class, whatever the text; one for a whole library does not count."""
    names = qualified_names(error_class)
    rows = (row for row in ROWS if row.text is None and row.concerns(names))
    return next((row for row in rows if not all(name.endswith(".") for name in row.classes)), None)


def test_every_class_is_decided() -> None:
    """Each exception class of the libraries we use has a row for itself or a base, or a reason to have none."""
    undecided = sorted(name for name, value in _classes().items() if _by_class(value) is None)
    assert undecided == sorted(EXCEPTIONS)
    assert all(reason.strip() for reason in EXCEPTIONS.values())


def _spark_conditions() -> dict[str, Any]:
    import pyspark

    (jar,) = (Path(pyspark.__file__).parent / "jars").glob("spark-common-utils_*.jar")
    return _read(jar, "error/error-conditions.json")


def _delta_conditions() -> dict[str, Any]:
    from arcbook.engines.jars import jar_paths

    (jar,) = (path for path in jar_paths(("base",)) if path.name.startswith("delta-spark_"))
    return _read(jar, "error/delta-error-classes.json")


def _read(jar: Path, name: str) -> dict[str, Any]:
    with zipfile.ZipFile(jar) as archive:
        read: dict[str, Any] = json.loads(archive.read(name))
    return read


def _undecided(conditions: Mapping[str, Any]) -> Iterator[str]:
    """Named errors with neither a text of theirs in the table nor a state."""
    from pyspark.errors.exceptions.connect import UnknownException

    names = qualified_names(UnknownException)
    for name, about in conditions.items():
        text = f"[{name}] … SQLSTATE: {about.get('sqlState', '')}"
        row = next(row for row in ROWS if row.concerns(names) and row.says(text))
        # XX is an engine's own bug, and without a state there is only the class to go by: what has neither a name that
        # anybody meets nor a state is left of old versions.
        internal = about.get("sqlState", "").startswith(("XX", "56K00"))
        if row.text is None and not internal and not name.startswith("_LEGACY_ERROR_TEMP"):
            yield f"{name} {about.get('sqlState')}"


def test_every_condition_of_spark_is_decided() -> None:
    """All named errors of the Spark we run, by name or by SQLSTATE; a new class of states turns this red."""
    conditions = _spark_conditions()
    assert len(conditions) > 600
    assert sorted(_undecided(conditions)) == []


@pytest.mark.local
def test_every_condition_of_delta_is_decided() -> None:
    """All named errors of the Delta we run."""
    if shutil.which("java") is None:
        pytest.skip("no Java, so no jars of Delta")
    conditions = _delta_conditions()
    assert len(conditions) > 400
    assert sorted(_undecided(conditions)) == []


def test_every_condition_of_the_client_is_known() -> None:
    """PySpark's own conditions are raised as its own classes, which are decided by class."""
    from pyspark.errors.error_classes import ERROR_CLASSES_MAP
    from pyspark.errors.exceptions import base

    assert ERROR_CLASSES_MAP
    raised = [value for _, value in inspect.getmembers(base, inspect.isclass) if issubclass(value, Exception)]
    assert [value for value in raised if _by_class(value) is None and value.__module__ == base.__name__] == []


@pytest.mark.parametrize("case", yaml.safe_load((DATA / "foreign-texts.yaml").read_text(encoding="utf-8")))
def test_recorded_texts(case: dict[str, str]) -> None:
    """Texts that the libraries really said, each with its class; what a user reads of them."""
    module, _, name = case["class"].rpartition(".")
    kind = getattr(importlib.import_module(module), name)
    error = translate(kind(case["text"]))
    assert error.failure.name == case["expect"], error.message
    assert case.get("says", "") in error.message
    assert "\tat " not in error.message


@pytest.mark.parametrize("case", SAIL, ids=lambda case: case["known"])
def test_errors_of_sail(case: dict[str, str]) -> None:
    """Sail's errors have neither states nor classes of their own: the words they begin with decide."""
    from pyspark.errors.exceptions import connect

    assert translate(getattr(connect, case["class"])(case["text"])).failure.name == case["expect"]


def test_sail_still_says_so() -> None:
    """Words that Sail no longer knows decide nothing: a new release that says it otherwise turns this red."""
    import pysail

    (library,) = Path(pysail.__file__).parent.glob("_native*")
    with library.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        assert [case["known"] for case in SAIL if content.find(case["known"].encode()) < 0] == []


def test_every_class_has_a_section() -> None:
    """docs/failures.md explains each class under a heading of its own, to which messages and manifests can point."""
    page = (Path(__file__).parents[2] / "docs" / "failures.md").read_text(encoding="utf-8")
    assert [name for name in FAILURES if f"\n## `{name}`\n" not in page] == []


def test_a_new_error_is_noticed() -> None:
    """A class and a condition that nobody has decided about are found by the checks above."""

    class BrandNewError(Exception):
        pass

    assert _by_class(BrandNewError) is None
    assert list(_undecided({"BRAND_NEW": {"sqlState": "Z1234"}})) == ["BRAND_NEW Z1234"]
    assert isinstance(translate(BrandNewError("x")), InternalError)
