"""A proxy before the stand-in for AWS that answers chosen requests as a service in trouble does.

    with S3Faults(moto_server) as proxy:
        proxy.add(Fault("slow-down", method="PUT", key=r"records/", times=2))
        boto3.client("s3", endpoint_url=proxy.address)

Everything else is passed on as it comes. Kinds of trouble:

    access-denied, missing, expired-token, slow-down, internal-error    the answer S3 gives, with its status and XML
    cut        the connection ends in the middle of the answer; before an answer without a body. The request has had
               its effect
    lost       the connection ends without an answer, though the request has had its effect
    drop       the connection ends without an answer, and the request does not reach the service
    slow       the answer comes after `seconds`, or as soon as the proxy closes
    hang       no answer comes before the proxy closes
"""

import http.client
import re
import threading
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

#: What S3 says: status, code, message.
_ANSWERS = {
    "access-denied": (403, "AccessDenied", "Access Denied"),
    "missing": (404, "NoSuchKey", "The specified key does not exist."),
    "expired-token": (400, "ExpiredToken", "The provided token has expired."),
    "slow-down": (503, "SlowDown", "Please reduce your request rate."),
    "internal-error": (500, "InternalError", "We encountered an internal error. Please try again."),
}
KINDS = frozenset({*_ANSWERS, "cut", "lost", "drop", "slow", "hang"})
#: Headers of a connection, which are not passed on.
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "expect", "host"})


@dataclass(frozen=True)
class Fault:
    """Trouble for requests whose method is `method` (any, when empty) and whose path and query match `key`.

    The first `after` of them are passed on, the next `times` (None: all) are in trouble. With `each_address`, requests
    are counted by method, path and query, so that every one of them meets the trouble and its repetition does not.
    """

    kind: str
    method: str = ""
    key: str = ""
    times: int | None = None
    after: int = 0
    seconds: float = 1.0
    each_address: bool = False
    good_bodies: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is none of {sorted(KINDS)}")

    def fits(self, method: str, path: str) -> bool:
        """Whether it concerns a request."""
        return self.method in ("", method) and re.search(self.key, path) is not None


@dataclass
class _Armed:
    fault: Fault
    seen: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def strikes(self, method: str, path: str) -> bool:
        counted = (method, path) if self.fault.each_address else ()
        self.seen[counted] += 1
        struck = self.seen[counted] - self.fault.after
        return struck > 0 and (self.fault.times is None or struck <= self.fault.times)


@dataclass(frozen=True)
class Request:
    """A request that came; `trouble` is the kind of what was done to it, or empty."""

    method: str
    path: str
    trouble: str


@dataclass
class S3Faults:
    """The proxy; a context manager. `upstream` is the address of the service; `requests` is what came so far."""

    upstream: str
    requests: list[Request] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.closing = threading.Event()
        self._armed: list[_Armed] = []
        self._guard = threading.Lock()
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def address(self) -> str:
        """Where clients find the proxy."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def add(self, *faults: Fault) -> None:
        """Arm trouble; of several that fit a request the first armed one strikes."""
        with self._guard:
            self._armed += [_Armed(fault) for fault in faults]

    def clear(self) -> None:
        """Nothing is in trouble any more."""
        with self._guard:
            self._armed.clear()

    def struck(self, kind: str = "") -> int:
        """How many requests were in trouble, of that kind or at all."""
        return sum(bool(each.trouble) and kind in ("", each.trouble) for each in self.requests)

    def judge(self, method: str, path: str) -> Fault | None:
        """The trouble that a request meets; called once for each."""
        with self._guard:
            fitting = (armed for armed in self._armed if armed.fault.fits(method, path))
            found = next((armed.fault for armed in fitting if armed.strikes(method, path)), None)
            self.requests.append(Request(method, path, found.kind if found else ""))
        return found


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing on standard error: a client that has gone, or was killed, is what tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: ClassVar[S3Faults]

    def do_any(self) -> None:
        body = self._body()
        fault = self.proxy.judge(self.command, self.path)
        kind = fault.kind if fault else ""
        if fault and kind in ("slow", "hang"):
            self.proxy.closing.wait(fault.seconds if kind == "slow" else None)
        if kind in ("hang", "drop"):
            self.close_connection = True
            return
        status, headers, content = _refusal(kind) if kind in _ANSWERS else self._passed_on(body)
        if fault and fault.good_bodies and kind == "cut" and (status >= 300 or not content):
            kind = ""
        if kind == "lost" or (kind == "cut" and not content):
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if kind == "cut":
            self.close_connection = True
            content = content[: len(content) // 2]
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_any  # noqa: N815  # names that http.server wants

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            continue
        return b"".join(parts)

    def _passed_on(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(urlsplit(self.proxy.upstream).netloc, timeout=60)
        sent = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
        try:
            connection.request(self.command, self.path, body, sent | {"Content-Length": str(len(body))})
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        headers = {name: value for name, value in answer.getheaders() if name.lower() not in _HOP}
        if self.command != "HEAD":
            headers = {name: value for name, value in headers.items() if name.lower() != "content-length"}
            headers["Content-Length"] = str(len(content))
        return answer.status, headers, content

    def send_response(self, code: int, message: str | None = None) -> None:
        """As http.server, without its own `Server` and `Date`, which the service has sent."""
        self.send_response_only(code, message)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing on standard error."""


def _refusal(kind: str) -> tuple[int, dict[str, str], bytes]:
    status, code, message = _ANSWERS[kind]
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message>'
        "<RequestId>0000000000000000</RequestId></Error>"
    ).encode()
    return status, {"Content-Type": "application/xml", "Content-Length": str(len(text))}, text
