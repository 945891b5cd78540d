"""Whether each engine could be opened on this machine; nothing is started."""

from dataclasses import dataclass
from importlib.util import find_spec

from arcbook.core.capabilities import ENGINE_CAPABILITIES
from arcbook.core.failures import ArcbookError
from arcbook.core.versions import installed_version
from arcbook.engines.embedded import memory_limit
from arcbook.engines.jars import missing_jars, pinned_jars, pyspark_folder
from arcbook.engines.java import find_java
from arcbook.engines.processes import strangers


@dataclass(frozen=True, slots=True)
class Availability:
    """One engine on this machine. `note` is a sentence: what is there, or what is missing and the remedy."""

    name: str
    usable: bool
    note: str
    capabilities: frozenset[str]


def availability() -> list[Availability]:
    """Every engine, in the order of DESIGN: the default first."""
    found = []
    for name, look in (("embedded", _embedded), ("local", _local)):
        try:
            usable, note = look()
        except ArcbookError as error:
            usable, note = False, error.message
        found.append(Availability(name, usable, note, ENGINE_CAPABILITIES[name]))
    return found


def _embedded() -> tuple[bool, str]:
    if find_spec("pysail") is None or find_spec("pyspark") is None:
        return False, "pysail or pyspark is not installed. Run `pip install 'arcbook[embedded]'`."
    others = strangers()
    if others:
        return False, f"{', '.join(others)} also use this machine and could read your data; use a container or `local`."
    return True, f"Sail {_version('pysail')}, renewed above {memory_limit() >> 20} MB."


def _local() -> tuple[bool, str]:
    pyspark_folder()
    java = find_java()
    missing = missing_jars(jar.purpose for jar in pinned_jars())
    note = f"Spark {_version('pyspark')} on {java}"
    if missing:
        size = sum(jar.size for jar in missing) / 1e6
        note += f"; {len(missing)} jars ({size:.0f} MB) are fetched when needed, or now by `arcbook engines --fetch`"
    return True, f"{note}."


def _version(package: str) -> str:
    return installed_version(package) or "of unknown version"
