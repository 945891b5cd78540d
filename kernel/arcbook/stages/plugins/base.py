"""The base of all plugins and the two kinds."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from arcbook.core.settings import RunSettings
from arcbook.stages.base import Declared


class Plugin(Declared):
    """An object of `plugins` in a job file, or of a plugin cell."""

    #: The magic whose cells hold plugins of this kind, and the member of a job file's `plugins`.
    magic: ClassVar[str]
    kind: ClassVar[str]

    environments: Annotated[
        tuple[str, ...], Field(description="Environments in which the plugin works; none means never in a job.")
    ] = ()


class ConfigPlugin(Plugin):
    """Base of plugins that compute values for `${name}`.

    They work wherever a job is checked, so they have neither an engine nor a session, and what they return depends only
    on their keys, the run's settings and what they read outside.
    """

    magic: ClassVar[str] = "configplugin"
    kind: ClassVar[str] = "config"

    def values(self, settings: RunSettings) -> Mapping[str, Any]:
        """The values by name: text, numbers, booleans, lists, or objects for dotted names.

        Raises:
            ArcbookError: they cannot be told.
        """
        raise NotImplementedError


class LifecyclePlugin(Plugin):
    """Base of plugins that act around every stage (`arcbook.runners.plugins`)."""

    magic: ClassVar[str] = "lifecycleplugin"
    kind: ClassVar[str] = "lifecycle"
