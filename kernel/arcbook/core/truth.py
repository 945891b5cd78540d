"""The words for true and false, as HOCON has them."""

from collections.abc import Mapping
from types import MappingProxyType

TRUTH: Mapping[str, bool] = MappingProxyType(
    {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
)
