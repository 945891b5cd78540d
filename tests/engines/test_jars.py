"""Pinned jars: checked when fetched, passed by path, never resolved twice."""

import hashlib
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from arcbook.core.failures import DefinitionError, InternalError, TransientError
from arcbook.engines import jars, java
from arcbook.engines.jars import Jar


@pytest.fixture
def one_jar(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Jar:
    """A cache of its own and one pinned jar, which fetching yields as `content`."""
    content = b"the pinned bytes"
    jar = Jar("org.example", "thing", "1.0", hashlib.sha256(content).hexdigest(), len(content), "base")
    monkeypatch.setenv("ARCBOOK_CACHE", str(tmp_path))
    monkeypatch.setattr(jars, "pinned_jars", lambda: (jar,))
    return jar


def _fetching(monkeypatch: pytest.MonkeyPatch, content: bytes | None) -> list[list[Jar]]:
    calls: list[list[Jar]] = []

    def fetch(wanted: list[Jar], work: Path) -> str:
        calls.append(wanted)
        (work / "lib").mkdir()
        if content is not None:
            for jar in wanted:
                (work / "lib" / jar.file_name).write_bytes(content)
        return "log of the fetch"

    monkeypatch.setattr(jars, "_run_ivy", fetch)
    return calls


def test_fetched_once(one_jar: Jar, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first call fetches and says so; the second takes the file."""
    calls = _fetching(monkeypatch, b"the pinned bytes")
    said: list[str] = []
    (path,) = jars.jar_paths(["base"], said.append)
    assert path.read_bytes() == b"the pinned bytes"
    assert jars.jar_paths(["base"], said.append) == [path]
    assert len(calls) == 1
    assert len(said) == 1
    assert "thing-1.0.jar" in said[0]


def test_other_bytes_are_refused(one_jar: Jar, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with another hash never reaches the cache."""
    _fetching(monkeypatch, b"the forged bytes")
    with pytest.raises(InternalError, match="not the pinned file"):
        jars.jar_paths(["base"])
    assert jars.missing_jars(["base"]) == [one_jar]


def test_nothing_came(one_jar: Jar, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without network the error says what to do, and Ivy's words are its detail."""
    _fetching(monkeypatch, None)
    with pytest.raises(TransientError, match="ARCBOOK_IVY_SETTINGS") as caught:
        jars.jar_paths(["base"])
    assert caught.value.detail == "log of the fetch"


def test_truncated_file_is_fetched_again(one_jar: Jar, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of another size than pinned does not count as there."""
    calls = _fetching(monkeypatch, b"the pinned bytes")
    (path,) = jars.jar_paths(["base"])
    path.write_bytes(b"half")
    assert jars.jar_paths(["base"]) == [path]
    assert len(calls) == 2


def test_module_names_nothing_beyond() -> None:
    """Ivy is asked for exactly the pinned jars."""
    jar = Jar("org.example", "a&b", "1", "0" * 64, 1, "base")
    text = jars.ivy_module([jar])
    assert 'name="a&amp;b"' in text
    assert text.count("<dependency ") == text.count('transitive="false"') == 1


def test_pins_are_whole() -> None:
    """Every pin has a hash and a size; Hadoop's is the version inside PySpark."""
    pins = jars.pinned_jars()
    assert all(len(jar.sha256) == 64 and jar.size > 0 for jar in pins)
    assert len({jar.file_name for jar in pins}) == len(pins)
    (hadoop,) = (jar for jar in pins if jar.artifact == "hadoop-aws")
    assert (jars.pyspark_folder() / "jars" / f"hadoop-client-api-{hadoop.version}.jar").exists()
    (avro,) = (jar for jar in pins if jar.artifact.startswith("spark-avro"))
    assert list((jars.pyspark_folder() / "jars").glob(f"spark-core_*-{avro.version}.jar"))


@pytest.mark.local
def test_real_fetch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A small pinned jar comes through Ivy, whole, from a repository on this disk."""
    content = tmp_path / "repository" / "org" / "example" / "thing" / "1.0" / "thing-1.0.jar"
    content.parent.mkdir(parents=True)
    content.write_bytes(b"a small jar")
    content.with_suffix(".pom").write_text(
        "<project><modelVersion>4.0.0</modelVersion><groupId>org.example</groupId><artifactId>thing</artifactId>"
        "<version>1.0</version></project>"
    )
    settings = tmp_path / "settings.xml"
    settings.write_text(
        '<ivysettings><settings defaultResolver="disk"/><resolvers>'
        f'<ibiblio name="disk" m2compatible="true" root="{(tmp_path / "repository").as_uri()}/"/>'
        "</resolvers></ivysettings>"
    )
    jar = Jar("org.example", "thing", "1.0", hashlib.sha256(b"a small jar").hexdigest(), 11, "base")
    monkeypatch.setenv("ARCBOOK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ARCBOOK_IVY_SETTINGS", str(settings))
    monkeypatch.setattr(jars, "pinned_jars", lambda: (jar, replace(jar, artifact="other", purpose="s3")))
    (path,) = jars.jar_paths(["base"])
    assert path.read_bytes() == b"a small jar"


def test_no_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without Java the error names the version and the remedy."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DefinitionError, match=r"needs Java 17; there is no Java.*openjdk-17-jre-headless"):
        java.find_java()


def test_wrong_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A Java that Spark does not run on is refused by its version."""
    program = tmp_path / "bin" / "java"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'openjdk version \"1.8.0_292\"' >&2\n")
    program.chmod(0o755)
    assert subprocess.run([program], check=False).returncode == 0
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(DefinitionError, match="is version 8"):
        java.find_java()
