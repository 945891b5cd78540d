"""Finding Java."""

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from arcbook.core.failures import DefinitionError

#: Spark 4.1 runs on these; later ones lack modules it asks for.
SUPPORTED = (17, 21)
_REMEDY = (
    "Install Java 17 (Debian and Ubuntu: `apt-get install openjdk-17-jre-headless`) or point JAVA_HOME at one. "
    "The engine `embedded` needs no Java."
)


def find_java() -> Path:
    """The `java` program: of JAVA_HOME, else the one on the path.

    Raises:
        DefinitionError: there is none, or it is of a version that Spark does not run on.
    """
    home = os.environ.get("JAVA_HOME", "")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if found is None:
        where = f"JAVA_HOME ({home}) holds no Java" if home else "there is no Java on this machine"
        raise DefinitionError(f"The engine `local` needs Java 17; {where}. {_REMEDY}")
    version = java_version(found)
    if version not in SUPPORTED:
        raise DefinitionError(f"The engine `local` needs Java 17; {found} is version {version or 'unknown'}. {_REMEDY}")
    return Path(found)


@cache
def java_version(program: str) -> int:
    """The main version of a `java` program (8, 11, 17, …); 0 when it does not say."""
    try:
        done = subprocess.run([program, "-version"], capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.search(r'version "(?:1\.)?(\d+)', done.stderr + done.stdout)
    return int(found.group(1)) if found else 0
