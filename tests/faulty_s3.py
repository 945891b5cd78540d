"""A proxy in front of the stand-in for S3 that throttles, refuses, is slow and cuts answers off, by rule."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_ERROR = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{code} by a test</Message></Error>'
_STATUS = {"throttled": (503, "SlowDown"), "refused": (403, "AccessDenied"), "expired": (400, "ExpiredToken")}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: `turn` counts those with the same method and address, from 1."""

    method: str
    path: str
    turn: int


@dataclass
class FaultyS3:
    """Forwards to `behind`; `rule` says for each request what goes wrong, or "" for nothing.

    Faults: "throttled" (503 SlowDown), "refused" (403 AccessDenied), "expired" (400 ExpiredToken), "slow" (answers
    after `delay` seconds), "cut" (closes in the middle of a good answer's body), "dropped" (does the work, but closes
    without an answer). `met` counts the faults that were made.
    """

    behind: str
    rule: Callable[[Asked], str] = lambda asked: ""
    delay: float = 1.0
    met: Counter[str] = field(default_factory=Counter)
    address: str = ""
    _turns: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, rule: Callable[[Asked], str]) -> None:
        """From now on things go wrong by `rule`; requests are counted anew."""
        with self._lock:
            self._turns.clear()
            self.met.clear()
            self.rule = rule

    def fault(self, method: str, path: str) -> str:
        """What is to go wrong with the next request of that kind."""
        with self._lock:
            self._turns[method, path] += 1
            found = self.rule(Asked(method, path, self._turns[method, path]))
            if found:
                self.met[found] += 1
            return found


@contextmanager
def faulty_s3(behind: str) -> Iterator[FaultyS3]:
    """A proxy on a free port, until the end of the block."""
    faulty = FaultyS3(behind)
    server = _Server(("127.0.0.1", 0), _handler(faulty))
    faulty.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True, name="faulty-s3")
    thread.start()
    try:
        yield faulty
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is none of our business."""


def _handler(faulty: FaultyS3) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"faulty": faulty})


class _Handler(BaseHTTPRequestHandler):
    """Serves the requests of one connection."""

    faulty: FaultyS3
    protocol_version = "HTTP/1.1"

    def serve(self) -> None:
        """Answer one request, rightly or as the rule says."""
        body = self._body()
        fault = self.faulty.fault(self.command, self.path)
        if fault in _STATUS:
            status, code = _STATUS[fault]
            self._answer(status, [("Content-Type", "application/xml")], _ERROR.format(code=code).encode())
            return
        if fault == "slow":
            time.sleep(self.faulty.delay)
        status, headers, content = self._forward(body)
        if fault == "dropped":
            self.close_connection = True
            return
        self._answer(status, headers, content, cut=fault == "cut" and status < 300)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = serve  # noqa: N815  # as the base class calls them

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        content = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():  # trailers
            pass
        return content

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(urlsplit(self.faulty.behind).netloc, timeout=60)
        kept = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
        try:
            connection.request(self.command, self.path, body=body or None, headers=kept)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes, *, cut: bool = False) -> None:
        self.send_response_only(status)
        length = str(len(content))
        for name, value in headers:
            if name.lower() == "content-length" and self.command == "HEAD":
                length = value
            elif name.lower() not in (*_HOP, "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[: len(content) // 2] if cut else content)
        if cut:
            self.close_connection = True

    def log_message(self, format: str, *arguments: Any) -> None:
        """Silence."""


_HOP = ("connection", "keep-alive", "transfer-encoding", "expect", "te", "trailer")
