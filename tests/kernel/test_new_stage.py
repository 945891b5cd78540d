"""`arcbook new-stage` writes files that pass the family's tests but for what only a person can write."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner

from arcbook.cells.skeleton import skeleton
from arcbook.cli import arcbook
from arcbook.core.failures import DefinitionError


@pytest.mark.parametrize(
    ("name", "kind", "module"),
    [
        ("XMLExtract", "extract", "xml"),
        ("BigTableLoad", "load", "big_table"),
        ("MLTransform", "transform", "ml"),
        ("PingExecute", "execute", "ping"),
        ("RowsValidate", "validate", "rows"),
    ],
)
def test_skeleton(name: str, kind: str, module: str, tmp_path: Path) -> None:
    """The three files lie where discovery finds them; the declaration can be imported and is well formed."""
    options = ["--source", str(tmp_path / "src"), "--cases", str(tmp_path / "cases")]
    result = CliRunner().invoke(arcbook, ["new-stage", name, *options])
    assert result.exit_code == 0, result.output
    declaration = tmp_path / "src" / "arcbook" / "stages" / kind / f"{module}.py"
    runner = tmp_path / "src" / "arcbook" / "runners" / kind / f"{module}.py"
    cases = tmp_path / "cases" / f"{name}.yml"
    assert result.output.split() == [str(declaration), str(runner), str(cases)]
    spec = importlib.util.spec_from_file_location("skeleton_under_test", declaration)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    declared = getattr(loaded, name)
    assert declared.kind == kind
    assert f'"type": "{name}"' in declared.example
    assert set(yaml.safe_load(cases.read_text(encoding="utf-8"))) == {"good", "bad", "run"}
    checked = subprocess.run(
        [
            sys.executable,
            "-m",
            "ruff",
            "check",
            "--isolated",
            "--select",
            "E,F,I",
            "--line-length",
            "120",
            declaration,
            runner,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_refusals(tmp_path: Path) -> None:
    """A name that is taken, no name at all, no kind, and files that are there."""
    places = {"package": "arcbook", "source": tmp_path, "cases": tmp_path}
    for name, words in {"SQLTransform": "already", "xml": "no name", "Something": "--kind"}.items():
        with pytest.raises(DefinitionError, match=words):
            skeleton(name, None, **places)  # type: ignore[arg-type]
    (tmp_path / "XMLExtract.yml").touch()
    with pytest.raises(DefinitionError, match="exists already"):
        skeleton("XMLExtract", None, **places)  # type: ignore[arg-type]


def test_only_a_checkout_has_places_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere nothing is written unless it is said where."""
    monkeypatch.chdir(tmp_path)
    for project in (None, '[project]\nname = "another"', "no TOML"):
        if project is not None:
            (tmp_path / "pyproject.toml").write_text(project)
        result = CliRunner().invoke(arcbook, ["new-stage", "XMLExtract", "--source", "src"], standalone_mode=False)
        assert isinstance(result.exception, click.UsageError)
        assert "--cases" in result.exception.message
    assert not (tmp_path / "src").exists()
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "arcbook"')
    assert CliRunner().invoke(arcbook, ["new-stage", "XMLExtract"]).exit_code == 0
    assert (tmp_path / "kernel/arcbook/stages/extract/xml.py").is_file()
