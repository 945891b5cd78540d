"""`arcbook engines` and `arcbook doctor`."""

import json

import pytest

from arcbook.cli import invoke
from arcbook.engines import availability


def test_engines(capsys: pytest.CaptureFixture[str]) -> None:
    """Each engine is listed with what it offers, and nothing is started."""
    assert invoke(["engines", "--json"]) == 0
    listed = {each["engine"]: each for each in json.loads(capsys.readouterr().out)}
    assert list(listed) == ["embedded", "local"]
    assert listed["embedded"]["usable"] is True
    assert "delta" in listed["embedded"]["capabilities"]


def test_no_java(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Java `local` is listed as not usable with the remedy; the doctor takes that for healthy."""
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    assert invoke(["engines"]) == 0
    text = capsys.readouterr().out
    assert "local: not usable" in text
    assert "Install Java 17" in text


def test_doctor(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One line per check; the exit code says whether all is well."""
    invoke(["doctor", "--json"])
    names = [each["name"] for each in json.loads(capsys.readouterr().out)]
    assert {"python", "engine embedded", "engine local", "kernel arc", "cache", "S3"} <= set(names)
    monkeypatch.setattr(availability, "strangers", lambda: ["mallory"])
    assert invoke(["doctor"]) == 64
    assert "FAIL engine embedded: mallory" in capsys.readouterr().out
