"""What a launcher tells the kernel it starts, as environment variables; Jupyter or a person may set them, too."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

#: The launcher's message to the kernel, a JSON object.
VARIABLE = "ARCBOOK_LAUNCH"
DEFAULT_ENGINE = "embedded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """The choices made outside the notebook.

    `environment_source` says who chose the environment, for messages. `interactive` is False when a launcher runs the
    notebook: nobody is there to answer a prompt. `documents` has the path of the kept copy of a document by the address
    that the job uses. `reuse` says what to keep of the run's work and what to take from earlier runs, as
    `arcbook.reuse.plan` reads it; empty when nobody asked.
    """

    engine: str = DEFAULT_ENGINE
    environment: str | None = None
    environment_source: str = ""
    run_id: str = ""
    run_key: str = ""
    job: str = ""
    logical_time: datetime = field(default_factory=lambda: datetime.now(UTC))
    values: Mapping[str, str] = field(default_factory=dict)
    documents: Mapping[str, str] = field(default_factory=dict)
    reuse: Mapping[str, Any] = field(default_factory=dict)
    interactive: bool = True

    def to_json(self) -> str:
        """The launcher's message: all but the engine, which has a variable of its own."""
        return json.dumps(
            {
                "run_id": self.run_id,
                "run_key": self.run_key,
                "job": self.job,
                "logical_time": self.logical_time.isoformat(),
                "environment": self.environment,
                "environment_source": self.environment_source,
                "launch": dict(self.values),
                "documents": dict(self.documents),
                "reuse": dict(self.reuse),
                "interactive": self.interactive,
            }
        )

    def variables(self) -> dict[str, str]:
        """The environment variables that `from_environment` reads."""
        chosen = {"ETL_CONF_ENV": self.environment} if self.environment else {}
        return {"ARCBOOK_ENGINE": self.engine, VARIABLE: self.to_json(), **chosen}

    @classmethod
    def from_environment(cls, variables: Mapping[str, str] = os.environ) -> "Launch":
        """Read the variables; a message that is no JSON object counts as none."""
        try:
            message: Any = json.loads(variables.get(VARIABLE, "{}"))
        except ValueError:
            message = {}
        message = message if isinstance(message, dict) else {}
        values = _texts(message.get("launch"))
        chosen = message.get("environment") or values.get("etl.config.environment")
        source = str(message.get("environment_source") or "the launcher")
        if not chosen:
            chosen, source = variables.get("ETL_CONF_ENV"), "the variable ETL_CONF_ENV"
        return cls(
            engine=variables.get("ARCBOOK_ENGINE") or DEFAULT_ENGINE,
            environment=chosen or None,
            environment_source=source if chosen else "",
            run_id=str(message.get("run_id") or ""),
            run_key=str(message.get("run_key") or ""),
            job=str(message.get("job") or ""),
            logical_time=_time(message.get("logical_time")),
            values=values,
            documents=_texts(message.get("documents")),
            reuse=message["reuse"] if isinstance(message.get("reuse"), dict) else {},
            interactive=bool(message.get("interactive", True)),
        )


def _texts(found: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def _time(text: Any) -> datetime:
    if isinstance(text, str):
        try:
            read = datetime.fromisoformat(text)
        except ValueError:
            return datetime.now(UTC)
        return read if read.tzinfo else read.replace(tzinfo=UTC)
    return datetime.now(UTC)
