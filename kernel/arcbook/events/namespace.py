"""The namespace of our jobs in events."""

import os


def namespace() -> str:
    """As other integrations take it from the environment."""
    return os.environ.get("OPENLINEAGE_NAMESPACE") or "arcbook"
