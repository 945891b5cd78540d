"""The pinned jars of JVM engines: fetched once into a cache, checked against their hashes, passed by path.

`jars.json` beside this module is the only place that names them; images read it too. They are fetched with Ivy, which
PySpark brings along, from where Ivy's settings say: set ARCBOOK_IVY_SETTINGS to a settings file to use a mirror.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from xml.sax.saxutils import quoteattr

from arcbook.core.failures import DefinitionError, InternalError, TransientError
from arcbook.engines.java import find_java

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Jar:
    """One pinned jar. `purpose` is `base`, or the capability it serves."""

    group: str
    artifact: str
    version: str
    sha256: str
    size: int
    purpose: str

    @property
    def file_name(self) -> str:
        """Its name in the cache."""
        return f"{self.artifact}-{self.version}.jar"


@cache
def pinned_jars() -> tuple[Jar, ...]:
    """Every pinned jar."""
    entries = json.loads(files("arcbook.engines").joinpath("jars.json").read_text())
    return tuple(Jar(**entry) for entry in entries)


def cache_folder() -> Path:
    """Where arcbook keeps what can be had again: ARCBOOK_CACHE, else `arcbook` in the user's cache folder."""
    wished = os.environ.get("ARCBOOK_CACHE")
    return Path(wished) if wished else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "arcbook"


def pyspark_folder() -> Path:
    """Where PySpark with its jars is installed; nothing of it is imported.

    Raises:
        DefinitionError: it is missing, or only the client without jars is there.
    """
    spec = find_spec("pyspark")
    if spec is None or not spec.submodule_search_locations:
        raise DefinitionError("PySpark is not installed. Run `pip install 'arcbook[embedded]'`.")
    folder = Path(spec.submodule_search_locations[0])
    if not (folder / "jars").is_dir():
        raise DefinitionError("Only PySpark's client is installed; the engine `local` needs the package `pyspark`.")
    return folder


def missing_jars(purposes: Iterable[str]) -> list[Jar]:
    """Those of the jars for `purposes` that are not in the cache yet."""
    return [jar for jar in _wanted(purposes) if not _is_there(jar)]


def jar_paths(purposes: Iterable[str], say: Say = lambda _: None) -> list[Path]:
    """The files of all jars for `purposes`, fetched if need be. Later calls touch no network.

    Args:
        purposes: `base`, `s3`, `avro`, `postgres`.
        say: told what is being fetched, and how big it is.

    Raises:
        TransientError: a jar cannot be fetched.
        InternalError: a fetched jar is not the pinned one.
    """
    wanted = _wanted(purposes)
    missing = [jar for jar in wanted if not _is_there(jar)]
    if missing:
        size = sum(jar.size for jar in missing) / 1e6
        say(f"fetching {', '.join(jar.file_name for jar in missing)} ({size:.0f} MB, once)")
        _fetch(missing)
    return [_path(jar) for jar in wanted]


def _wanted(purposes: Iterable[str]) -> list[Jar]:
    known = set(purposes)
    return [jar for jar in pinned_jars() if jar.purpose in known]


def _path(jar: Jar) -> Path:
    return cache_folder() / "jars" / jar.file_name


def _is_there(jar: Jar) -> bool:
    # The hash was checked before the file got its name; the size catches a disk that was full.
    try:
        return _path(jar).stat().st_size == jar.size
    except OSError:
        return False


def _fetch(jars: list[Jar]) -> None:
    folder = cache_folder() / "jars"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder) as work_name:
        work = Path(work_name)
        log = _run_ivy(jars, work)
        for jar in jars:
            fetched = work / "lib" / jar.file_name
            if not fetched.is_file():
                raise TransientError(
                    f"{jar.file_name} could not be fetched. Check the network, or name a mirror's settings in "
                    "ARCBOOK_IVY_SETTINGS.",
                    detail=log,
                )
            if sha256_of(fetched) != jar.sha256:
                raise InternalError(f"{jar.file_name} was fetched, but is not the pinned file; it is not used.")
            fetched.rename(_path(jar))


def _run_ivy(jars: list[Jar], work: Path) -> str:
    """Fetch into `work/lib`; returns what Ivy printed. Nothing is resolved beyond the jars named."""
    description = work / "ivy.xml"
    description.write_text(ivy_module(jars))
    (program,) = (pyspark_folder() / "jars").glob("ivy-*.jar")
    command = [str(find_java()), "-jar", str(program), "-ivy", str(description), "-cache", str(work / "cache")]
    command += ["-retrieve", f"{work}/lib/[artifact]-[revision].[ext]", "-types", "jar", "bundle"]
    settings = os.environ.get("ARCBOOK_IVY_SETTINGS")
    if settings:
        command += ["-settings", settings]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    shutil.rmtree(work / "cache", ignore_errors=True)
    return done.stdout[-8000:] + done.stderr[-2000:]


def ivy_module(jars: Iterable[Jar]) -> str:
    """The text of an Ivy module that asks for exactly these jars and nothing they depend on."""
    lines = [
        f"    <dependency org={quoteattr(jar.group)} name={quoteattr(jar.artifact)} rev={quoteattr(jar.version)} "
        'transitive="false" conf="default->master"/>'
        for jar in jars
    ]
    return "\n".join(
        [
            '<ivy-module version="2.0">',
            '  <info organisation="arcbook" module="jars"/>',
            '  <configurations><conf name="default"/></configurations>',
            "  <dependencies>",
            *lines,
            "  </dependencies>",
            "</ivy-module>",
        ]
    )


def sha256_of(path: Path) -> str:
    """The hash of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
