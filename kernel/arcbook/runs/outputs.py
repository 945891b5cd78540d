"""What a cell shows, on its way into the journal: masked, and of a flood only head and tail.

A cell may print a million lines. Its first `HEAD_BYTES` go into the journal as they come. Of what follows the last
`TAIL_BYTES` are kept in memory and written when the cell ends, together with how much is lost; during a long flood a
short tail is also written every few seconds, so that a crash leaves the latest lines too.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from arcbook.core.masking import Masker

Output = dict[str, Any]

HEAD_BYTES = 512 * 1024
TAIL_BYTES = 128 * 1024
#: One table or picture larger than this is replaced by a sentence.
RICH_BYTES = 8 * 1024 * 1024
#: All tables and pictures of one cell, and how many of them.
RICH_TOTAL_BYTES = 32 * 1024 * 1024
RICH_COUNT = 1000
_TAIL_OUTPUTS = 50

#: With the time that a segment of the journal takes to S3, less than the 5 s that the loss of a machine may cost.
_SECONDS_BETWEEN_CHECKPOINTS = 3.0
_CHECKPOINT_BYTES = 4 * 1024
#: A line is cut in the middle only when it is longer than this.
_LONG_LINE = 16 * 1024
_SECONDS_BETWEEN_UPDATES = 1.0


class CellOutputs:
    """Collects what one cell shows; `write` is `Journal.write`."""

    def __init__(self, cell: int, write: Callable[..., None], masker: Masker) -> None:
        self._cell = cell
        self._write = write
        self._masker = masker
        self._held: dict[str, str] = {}
        self._updates: dict[str, Mapping[str, Any]] = {}
        self._update_written: dict[str, float] = {}
        self._reset()

    def _reset(self) -> None:
        self._text_bytes = 0
        self._rich_bytes = 0
        self._rich_count = 0
        self._flooded = False
        self._tail: deque[Output] = deque()
        self._tail_bytes = 0
        self.lost_lines = 0
        self.lost_bytes = 0
        self._checkpoint = time.monotonic()
        self._unwritten = False

    def stream(self, name: str, text: str) -> None:
        """Text on stdout or stderr. The beginning of what may become a known secret waits for the next piece."""
        text = self._masker.mask(self._held.pop(name, "") + text)
        if unsafe := self._masker.unsafe_tail(text):
            self._held[name] = text[-unsafe:]
            text = text[:-unsafe]
        if text:
            self._keep_text(name, text)

    def rich(self, output: Output, display: str | None = None) -> None:
        """A table, a picture, a result or an error."""
        self._release()
        size = _size(output)
        is_error = output["output_type"] == "error"
        if size > RICH_BYTES and not is_error:
            self.lost_bytes += size
            notice = f"[an output of {_megabytes(size)} is not kept; the limit is {_megabytes(RICH_BYTES)}]"
            output = {**output, "data": {"text/plain": notice}}
            size = len(notice)
        over = self._rich_count >= RICH_COUNT or self._rich_bytes + size > RICH_TOTAL_BYTES
        if self._flooded or over:  # an error is the last a cell shows, and the last is kept
            self._to_tail(output, size)
            return
        self._rich_count += 1
        self._rich_bytes += size
        self._write("output", cell=self._cell, output=output, **({"display": display} if display else {}))

    def update(self, display: str, data: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
        """What was shown under `display` has changed; of many changes one a second is written, and the last."""
        self._updates[display] = {"data": data, "metadata": metadata}
        if self._is_due(display):
            self._write_update(display)

    def clear(self) -> None:
        """What was shown is gone."""
        self._held.clear()
        self._reset()
        self._write("clear", cell=self._cell)

    def look(self) -> None:
        """Write what is held back and due; call it now and then, for a cell may show nothing more for hours."""
        for display in tuple(self._updates):
            if self._is_due(display):
                self._write_update(display)
        self._write_checkpoint_when_due()

    def finish(self) -> None:
        """Write what was held back; call it once, when the cell has ended."""
        self._release()
        for display in tuple(self._updates):
            self._write_update(display)
        if self._flooded:
            self._write_tail(tuple(self._tail), self.lost_lines, self.lost_bytes)

    def _release(self) -> None:
        held, self._held = self._held, {}
        for name, text in held.items():
            self._keep_text(name, text)

    def _keep_text(self, name: str, text: str) -> None:
        size = len(text.encode("utf-8", "replace"))
        if not self._flooded and self._text_bytes + size <= HEAD_BYTES:
            self._text_bytes += size
            self._write("output", cell=self._cell, output=_stream(name, text))
            return
        if not self._flooded:
            room = max(0, HEAD_BYTES - self._text_bytes)
            cut = text.rfind("\n", 0, room) + 1
            if not cut and len(text) > _LONG_LINE:
                cut = room
            if cut:
                self._write("output", cell=self._cell, output=_stream(name, text[:cut]))
            self._flooded = True
            text = text[cut:]
        self._to_tail(_stream(name, text), len(text.encode("utf-8", "replace")))

    def _to_tail(self, output: Output, size: int) -> None:
        self._flooded = True
        last = self._tail[-1] if self._tail else None
        if last and output["output_type"] == "stream" == last["output_type"] and last["name"] == output["name"]:
            last["text"] += output["text"]
        else:
            self._tail.append(dict(output))
        self._tail_bytes += size
        while self._tail_bytes > 2 * TAIL_BYTES or len(self._tail) > _TAIL_OUTPUTS:
            self._shorten(TAIL_BYTES)
        self._unwritten = True
        self._write_checkpoint_when_due()

    def _shorten(self, limit: int) -> None:
        """Lose the oldest part of the tail; a single long text is cut at a line's end."""
        first = self._tail[0]
        size = _size(first)
        if len(self._tail) == 1 and first["output_type"] != "stream":
            self._tail_bytes = 0  # one picture alone: it stays, whatever its size
            return
        if len(self._tail) > 1:
            lost = self._tail.popleft()
            lost_text = lost.get("text", "")
        else:
            text = first["text"]
            cut = text.find("\n", max(0, len(text) - limit)) + 1 or max(0, len(text) - limit)
            lost_text, first["text"] = text[:cut], text[cut:]
            size = len(lost_text.encode("utf-8", "replace"))
        self.lost_lines += lost_text.count("\n")
        self.lost_bytes += size
        self._tail_bytes = sum(map(_size, self._tail))

    def _write_checkpoint_when_due(self) -> None:
        if self._unwritten and time.monotonic() - self._checkpoint >= _SECONDS_BETWEEN_CHECKPOINTS:
            self._write_checkpoint()

    def _write_checkpoint(self) -> None:
        self._checkpoint = time.monotonic()
        self._unwritten = False
        last = self._tail[-1]
        text = last.get("text", "")
        if len(text) > _CHECKPOINT_BYTES:
            text = text[-_CHECKPOINT_BYTES:]
            text = text.partition("\n")[2] or text
        outputs = (_stream(last["name"], text),) if text else (last,)
        lost = self.lost_bytes + self._tail_bytes - len(text)
        lines = self.lost_lines + sum(output.get("text", "").count("\n") for output in self._tail) - text.count("\n")
        self._write_tail(outputs, lines, max(0, lost))

    def _write_tail(self, outputs: tuple[Output, ...], lines: int, lost: int) -> None:
        self._write("tail", cell=self._cell, lost_lines=lines, lost_bytes=lost, outputs=list(outputs))

    def _is_due(self, display: str) -> bool:
        return (
            time.monotonic() - self._update_written.get(display, -_SECONDS_BETWEEN_UPDATES) >= _SECONDS_BETWEEN_UPDATES
        )

    def _write_update(self, display: str) -> None:
        self._update_written[display] = time.monotonic()
        self._write("update", display=display, **self._updates.pop(display))


def _stream(name: str, text: str) -> Output:
    return {"output_type": "stream", "name": name, "text": text}


def _size(output: Mapping[str, Any]) -> int:
    """Bytes of an output's content; that of structured data by its text."""
    if output["output_type"] == "stream":
        return len(output["text"].encode("utf-8", "replace"))
    return sum(len(value) if isinstance(value, str) else len(str(value)) for value in output.get("data", {}).values())


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"
