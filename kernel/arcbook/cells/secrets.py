"""Secret values: addresses until something needs the value, stars wherever one is printed."""

import json
import os
import threading

from arcbook.core.failures import AccessError
from arcbook.core.masking import MASK, masker
from arcbook.core.translate import translating

_AWS = "aws-secretsmanager://"
_ENV = "env://"


def is_address(text: str) -> bool:
    """Whether `text` says where a secret is kept instead of being one."""
    return text.startswith((_AWS, _ENV))


class Secret:
    """A secret parameter. Printing, formatting and comparing never show the value; `reveal` fetches it once.

    Args:
        source: `aws-secretsmanager://name` (`#key` behind it takes one member of a JSON secret), `env://NAME`, or the
            value itself.
    """

    __slots__ = ("_lock", "_source", "_value")

    def __init__(self, source: str) -> None:
        self._source = source
        self._value: str | None = None
        self._lock = threading.Lock()
        if not is_address(source):
            self._keep(source)

    @property
    def address(self) -> str | None:
        """Where the value is kept, safe to show; None when the value was given directly."""
        return self._source if is_address(self._source) else None

    def reveal(self) -> str:
        """The value. From now on it is masked in everything the process writes.

        Raises:
            AccessError: it is not there, or may not be read.
        TransientError: whoever keeps it did not answer.
        """
        with self._lock:
            if self._value is None:
                fetched = _from_aws(self._source) if self._source.startswith(_AWS) else _from_environment(self._source)
                self._keep(fetched)
            assert self._value is not None
            return self._value

    def _keep(self, value: str) -> None:
        masker().add(value)
        self._value = value

    def __str__(self) -> str:
        return MASK

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __reduce__(self) -> str:
        raise TypeError("a secret cannot be pickled")


def _from_environment(address: str) -> str:
    name = address.removeprefix(_ENV)
    try:
        return os.environ[name]
    except KeyError:
        raise AccessError(f"the secret {address} is not there: the environment has no variable {name}") from None


def _from_aws(address: str) -> str:
    import boto3

    name, _, member = address.removeprefix(_AWS).partition("#")
    with translating(f"cannot read the secret {address}"):
        answer = boto3.client("secretsmanager").get_secret_value(SecretId=name)
    value = str(answer.get("SecretString", ""))
    if not member:
        return value
    masker().add(value)
    try:
        return str(json.loads(value)[member])
    except (ValueError, KeyError, TypeError):
        raise AccessError(f"the secret {_AWS}{name} has no member `{member}`") from None
