"""What a plan's work may cost: a range from the bytes that it reads, and prices that the user names."""

from dataclasses import dataclass
from typing import Any

#: Bytes of input that one core turns into output in a second, from plain copies down to typing of many columns: the
#: range that `python -m benchmarks typing_speed` shows for text.
_BYTES_PER_CORE_SECOND = (40_000_000, 8_000_000)
_TERABYTE = 10**12


def core_seconds(size: int) -> tuple[float, float]:
    """The least and the most core-seconds that so many bytes of input should take."""
    fast, slow = _BYTES_PER_CORE_SECOND
    return round(size / fast, 1), round(size / slow, 1)


@dataclass(frozen=True, slots=True)
class Prices:
    """What computing and reading cost, in units of `currency`: a core for an hour, and 10^12 bytes read."""

    core_hour: float = 0.0
    terabyte: float = 0.0
    currency: str = "USD"

    def __bool__(self) -> bool:
        """Whether anything has a price."""
        return bool(self.core_hour or self.terabyte)

    def cost(self, size: int) -> tuple[float, float]:
        """The least and the most that reading and computing so many bytes of input should cost."""
        fast, slow = _BYTES_PER_CORE_SECOND
        read = size / _TERABYTE * self.terabyte
        least, most = (size / speed / 3600 * self.core_hour + read for speed in (fast, slow))
        return least, most

    def to_dict(self, size: int) -> dict[str, Any]:
        """The cost of so many bytes with its prices, as plain values for JSON output."""
        least, most = self.cost(size)
        return {
            "least": least,
            "most": most,
            "currency": self.currency,
            "perCoreHour": self.core_hour,
            "perTerabyte": self.terabyte,
        }
