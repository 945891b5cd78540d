"""Spies: which parts of a file anybody has read, what processes have read and written, what an S3 server was asked."""

import ctypes
import importlib
import mmap
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_LIBC = ctypes.CDLL(None, use_errno=True)
_PAGE = mmap.PAGESIZE


def forget(path: Path) -> None:
    """Take a file's content out of the system's memory, so that whoever reads it leaves a trace in `resident`."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def resident(path: Path) -> list[bool]:
    """For each page of the file whether it is in the system's memory: read by anyone, in any way, since `forget`.

    The system reads some pages more than it was asked for (read-ahead).
    """
    size = path.stat().st_size
    with path.open("r+b") as file, mmap.mmap(file.fileno(), size) as mapped:
        pages = (size + _PAGE - 1) // _PAGE
        found = (ctypes.c_ubyte * pages)()
        address = ctypes.addressof(ctypes.c_char.from_buffer(mapped))
        failed = _LIBC.mincore(ctypes.c_void_p(address), ctypes.c_size_t(size), found)
        assert failed == 0, os.strerror(ctypes.get_errno())
        return [bool(each & 1) for each in found]


def resident_bytes(path: Path) -> int:
    """How many bytes of the file are in the system's memory."""
    return sum(resident(path)) * _PAGE


def read_and_written(processes: Iterable[int]) -> tuple[int, int]:
    """What the processes have read and written so far by system calls, from files and sockets alike, in bytes."""
    counts = {"rchar": 0, "wchar": 0}
    for process in processes:
        for line in Path(f"/proc/{process}/io").read_text(encoding="ascii").splitlines():
            name, _, count = line.partition(":")
            if name in counts:
                counts[name] += int(count)
    return counts["rchar"], counts["wchar"]


def tree(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Everything below a folder: inode, size and time of the last change of content or name."""
    found = [folder, *folder.rglob("*")]
    return {str(path): (path.stat().st_ino, path.stat().st_size, path.stat().st_ctime_ns) for path in found}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to the S3 server, and how many bytes of content it was answered with."""

    method: str
    path: str
    range: str
    sent: int


@dataclass(slots=True)
class S3Spy:
    """A server with moto's buckets that notes what it is asked."""

    address: str = ""
    asked: list[Asked] = field(default_factory=list)

    def note(self, application: Any) -> Any:
        """The WSGI application, noting each request when it has been answered."""

        def noting(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
            sent = 0
            try:
                for part in application(environ, start_response):
                    sent += len(part) if environ["REQUEST_METHOD"] != "HEAD" else 0
                    yield part
            finally:
                asked = Asked(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("HTTP_RANGE", ""), sent)
                self.asked.append(asked)

        return noting


@contextmanager
def spying_server() -> Iterator[S3Spy]:
    """moto's S3 behind a spy, at an address of its own."""
    from werkzeug.serving import make_server

    moto: Any = importlib.import_module("moto.server")
    spy = S3Spy()
    application = spy.note(moto.DomainDispatcherApplication(moto.create_backend_app))
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    spy.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield spy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
