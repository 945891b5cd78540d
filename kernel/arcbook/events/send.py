"""Sending events by the library's own transports; trouble with that is said once and harms no run."""

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from arcbook.core.masking import mask_url

#: How long to wait, in seconds, for transports that send in the background.
_CLOSE_SECONDS = 10.0
#: How often an event is tried once more over HTTP when nobody says: the library's own five times take nine seconds of
#: waiting, and half a minute more where a host swallows connections, before the run begins and again at its end.
_RETRIES = 2


class Sender:
    """Sends events one after the other; `trouble` is the first thing that went wrong, or empty."""

    def __init__(self, mask: Callable[[str], str]) -> None:
        self.trouble = ""
        self._mask = mask
        self._client: Any = None
        # Some of the library's transports log what goes wrong and raise nothing.
        self._heard = _Heard(self._note)

    def send(self, make: Callable[[], Any]) -> None:
        """Make an event and send it. Never raises for what goes wrong."""
        try:
            if self._client is None:
                self._client = _client()
            elif self.trouble:
                _set_retries(self._client.transport, 0)  # nobody waits for the same server twice
            with self._heard.listening():
                self._client.emit(make())
        except ModuleNotFoundError as error:
            install = "pip install 'arcbook[openlineage]'"
            self._note(f"OpenLineage is configured, but {error.name} is not installed: {install}.")
        except Exception as error:  # noqa: BLE001  # whatever a transport or its configuration comes up with
            self._note(f"An OpenLineage event could not be sent: {type(error).__name__}: {error}")

    def close(self) -> None:
        """Wait a moment for what is still on its way."""
        if self._client is None:
            return
        try:
            with self._heard.listening():
                self._client.close(_CLOSE_SECONDS)
        except Exception as error:  # noqa: BLE001  # as above
            self._note(f"OpenLineage events may be lost: {type(error).__name__}: {error}")

    def _note(self, text: str) -> None:
        self.trouble = self.trouble or mask_url(self._mask(text))


class _Heard(logging.Handler):
    """Notes what the library complains about while somebody listens."""

    def __init__(self, note: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._tell = note

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record of the log."""
        cause = f": {record.exc_info[1]}" if record.exc_info and record.exc_info[1] else ""
        self._tell(f"An OpenLineage event could not be sent: {record.getMessage()}{cause}")

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen to the library's log, which nobody else is then bothered with."""
        logger = logging.getLogger("openlineage")
        propagated, logger.propagate = logger.propagate, False
        logger.addHandler(self)
        try:
            yield
        finally:
            logger.removeHandler(self)
            logger.propagate = propagated


def _client() -> Any:
    """The library's client, configured by its own files and variables."""
    from openlineage.client import OpenLineageClient

    kept = dict(os.environ)
    try:
        client = OpenLineageClient()
    finally:
        # The client writes what it makes of OPENLINEAGE_URL, keys too, into the environment that kernels inherit.
        for name in set(os.environ) - set(kept):
            del os.environ[name]
    if client.transport.kind == "console":
        _show_console()
    _set_retries(client.transport, _RETRIES, unless_chosen=True)
    return client


def _set_retries(transport: Any, times: int, *, unless_chosen: bool = False) -> None:
    """How often an HTTP transport tries again; with `unless_chosen` only where its configuration does not say."""
    if transport.kind != "http":
        return
    from openlineage.client.transport.http import HttpConfig

    if unless_chosen and transport.config.retry != HttpConfig(url="").retry:
        return
    transport.config.retry = {**transport.config.retry, "total": times}
    transport.close()  # the next event opens a session, which takes the number from there


def _show_console() -> None:
    """The console transport writes to a log that nobody shows by default."""
    logger = logging.getLogger("openlineage.client.transport.console")
    logger.setLevel(logging.INFO)
    if not logger.handlers:
        logger.addHandler(logging.StreamHandler(sys.stderr))
