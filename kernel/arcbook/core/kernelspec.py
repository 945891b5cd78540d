"""The kernel `arc`, as notebooks and Jupyter name it."""

from collections.abc import Mapping
from types import MappingProxyType

KERNEL = "arc"
#: What a notebook for the kernel says of it in its metadata.
KERNELSPEC: Mapping[str, str] = MappingProxyType({"display_name": "Arc", "language": KERNEL, "name": KERNEL})
