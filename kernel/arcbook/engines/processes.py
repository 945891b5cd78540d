"""What the system knows about processes: memory, processor time, and who else is on this machine."""

import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
#: How often a process is looked at, the seconds between, and how often it may be at work and still be at rest.
_LOOKS, _BETWEEN, _SELDOM = 10, 0.02, 2
#: Accounts of people, as login.defs and systemd set them on all usual distributions.
_PEOPLE = range(1000, 60_000)


def is_running(pid: int) -> bool:
    """Whether a process does something: one that has ended and was not waited for (a zombie) does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        return _stat(pid)[0] not in "ZX"
    except OSError:
        # Ended meanwhile, or no process file system.
        return not _PROC.exists() and not _ps(pid, "stat").startswith("Z")


def memory_of(pid: int) -> int:
    """Resident memory of a process in bytes; 0 when it is gone."""
    try:
        return int((_PROC / str(pid) / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return int(_ps(pid, "rss") or 0) * 1024


def processor_seconds_of(pid: int) -> float:
    """Processor time a process has used so far, in seconds; 0 when it is gone."""
    try:
        fields = _stat(pid)
        return (int(fields[11]) + int(fields[12])) / _ticks()
    except OSError:
        return _clock(_ps(pid, "time"))


def is_at_rest(pid: int) -> bool:
    """Whether a process asks for next to no processor time; looks at it for a fifth of a second.

    What it asks for, not what it gets: on a busy machine work may go on without getting any.
    """
    at_work = 0
    for _ in range(_LOOKS):
        time.sleep(_BETWEEN)
        at_work += _is_at_work(pid)
    return at_work <= _SELDOM


def _is_at_work(pid: int) -> bool:
    """Whether a thread of a process runs or waits for its turn to run."""
    try:
        for task in (_PROC / str(pid) / "task").iterdir():
            with suppress(OSError):  # the thread has ended meanwhile
                if _stat_of(task)[0] == "R":
                    return True
    except OSError:
        return _ps(pid, "stat").startswith("R")
    return False


def peak_memory_of(pid: int) -> int | None:
    """The highest resident memory of a process in bytes since it began, or since `reset_peak`; None when unknown."""
    try:
        text = (_PROC / str(pid) / "status").read_text()
    except OSError:
        return None
    found = re.search(r"^VmHWM:\s+(\d+) kB$", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def reset_peak(pid: int) -> bool:
    """Let `peak_memory_of` begin anew from what the process holds now; False where the system cannot."""
    try:
        (_PROC / str(pid) / "clear_refs").write_text("5")
    except OSError:
        return False
    return True


def memory_of_machine() -> int:
    """Memory this process may use, in bytes: the machine's, or less when a control group sets a limit."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            total = min(total, int((Path("/sys/fs/cgroup") / name).read_text()))
        except (OSError, ValueError):
            continue
    return total


def oom_kills() -> int:
    """How many processes of this container the system has killed for memory so far; 0 where it does not say."""
    for path, key in (
        ("/sys/fs/cgroup/memory.events", "oom_kill"),
        ("/sys/fs/cgroup/memory/memory.oom_control", "oom_kill"),
    ):
        with suppress(OSError, ValueError):
            for line in Path(path).read_text().splitlines():
                name, _, count = line.partition(" ")
                if name == key:
                    return int(count)
    return 0


def strangers(me: int | None = None) -> list[str]:
    """Names of other people's accounts with processes that can reach a loopback port of ours; sorted.

    A process counts when its account is a person's and it shares our network namespace: a container on the same
    machine runs under some account too, but has a loopback device of its own. Without a process file system (macOS)
    nothing is known and nobody is named.
    """
    own = os.getuid() if me is None else me
    foreign: dict[int, list[int]] = {}
    for pid, owner in _owners():
        if owner != own and owner in _PEOPLE:
            foreign.setdefault(owner, []).append(pid)
    if not foreign:
        return []
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        probe.listen(1)
        inode = str(os.fstat(probe.fileno()).st_ino)
        return sorted(_name(owner) for owner, pids in foreign.items() if any(_sees(pid, inode) for pid in pids))


def _owners() -> Iterator[tuple[int, int]]:
    try:
        entries = list(os.scandir(_PROC))
    except OSError:
        return
    for entry in entries:
        if entry.name.isdigit():
            try:
                yield int(entry.name), entry.stat().st_uid
            except OSError:
                continue  # ended meanwhile


def _sees(pid: int, inode: str) -> bool:
    """Whether our listening socket shows in the process's view of the network: the same loopback device."""
    try:
        lines = (_PROC / str(pid) / "net" / "tcp").read_text().splitlines()[1:]
    except OSError:
        return False
    return any(line.split()[9] == inode for line in lines)


def _name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _stat(pid: int) -> list[str]:
    return _stat_of(_PROC / str(pid))


def _stat_of(task: Path) -> list[str]:
    """The fields of a process's or thread's `stat` from its state on; the name before them may hold blanks."""
    return (task / "stat").read_text().rpartition(")")[2].split()


def _ticks() -> int:
    """How the system counts processor time: per second."""
    return os.sysconf("SC_CLK_TCK")


def _ps(pid: int, column: str) -> str:
    """One column of `ps` for one process, where there is no process file system; empty when the process is gone."""
    try:
        done = subprocess.run(["ps", "-o", f"{column}=", "-p", str(pid)], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


def _clock(text: str) -> float:
    """Seconds in `[[dd-]hh:]mm:ss[.cc]`."""
    days, _, rest = text.rpartition("-")
    seconds = float(days or 0) * 86_400
    for power, part in enumerate(reversed(rest.split(":"))):
        seconds += float(part or 0) * 60**power
    return seconds
