"""Whether anybody wants events: by the places where the OpenLineage client looks for its configuration."""

import os
from collections.abc import Mapping
from pathlib import Path


def configured(variables: Mapping[str, str] = os.environ) -> bool:
    """Whether a transport is configured: OPENLINEAGE_URL, OPENLINEAGE_CONFIG, OPENLINEAGE__…, or an openlineage.yml."""
    if variables.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
        return False
    if variables.get("OPENLINEAGE_URL") or any(name.startswith("OPENLINEAGE__TRANSPORT") for name in variables):
        return True
    named = variables.get("OPENLINEAGE_CONFIG")
    places = [Path(named)] if named else []
    places += [Path.cwd() / "openlineage.yml", Path("~/.openlineage/openlineage.yml").expanduser()]
    return any(path.is_file() for path in places)
