"""A server that takes OpenLineage events as any lineage server does, and the specification to judge them by."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

_DOCUMENTS = [json.loads(path.read_text(encoding="utf-8")) for path in Path(__file__).parent.glob("spec/*.json")]
_REGISTRY: Any = Registry().with_resources((each["$id"], Resource.from_contents(each)) for each in _DOCUMENTS)


@dataclass(slots=True)
class Receiver:
    """Where to send events, and those that came; `answer` is the status of every reply."""

    url: str = ""
    answer: int = 201
    events: list[dict[str, Any]] = field(default_factory=list)

    def of(self, job: str) -> list[dict[str, Any]]:
        """The events of one job, in their order."""
        return [each for each in self.events if each["job"]["name"] == job]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Receive events until the context ends."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path == "/api/v1/lineage":
                receiver.events.append(body)
            self.send_response(receiver.answer)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def faults(event: dict[str, Any]) -> list[str]:
    """What the specification has against an event: its form, and that of each facet by the schema it names."""
    kind = "RunEvent" if "run" in event else "JobEvent"
    found = _faults(event, f"https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/{kind}")
    if event["schemaURL"].rpartition("/")[2] != kind:
        found.append(f"{event['schemaURL']} is not the schema of a {kind}")
    for name, facet in _facets(event):
        # The schema has the facet as the member that it stands under.
        document = facet["_schemaURL"].partition("#")[0]
        found += [f"{name}: {each}" for each in _faults({name: facet}, document)]
        found += [f"{name}: {each}" for each in _faults(facet, facet["_schemaURL"])]
    return found


def _faults(value: Any, schema: str) -> list[str]:
    validator = Draft202012Validator(
        {"$ref": schema}, registry=_REGISTRY, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    return [f"{'/'.join(map(str, each.path))}: {each.message}" for each in validator.iter_errors(value)]


def _facets(event: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    parts = [event["job"], event.get("run", {}), *event.get("inputs", ()), *event.get("outputs", ())]
    for part in parts:
        for key in ("facets", "inputFacets", "outputFacets"):
            yield from part.get(key, {}).items()
