"""Where and how a promoted job shall run: what differs between test and production, apart from the job itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

#: Stand-ins, which the checks warn about: the host does not exist, and no bucket can have capitals in its name.
STAND_IN_IMAGE = "registry.invalid/arcbook:stand-in"
STAND_IN_BUCKET = "BUCKET"


@dataclass(frozen=True, slots=True)
class Profile:
    """A named size of the job's pod, in Kubernetes quantities. Memory is request and limit; CPU has no limit."""

    cpu: str
    memory: str
    scratch: str


PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        "small": Profile(cpu="1", memory="2Gi", scratch="8Gi"),
        "medium": Profile(cpu="2", memory="8Gi", scratch="16Gi"),
        "large": Profile(cpu="4", memory="16Gi", scratch="32Gi"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The choices of one promotion.

    `store` is a bucket, with or without a prefix, for bundles and records. `variables` are environment variables of the
    container. `secrets` says for a secret parameter where its value is kept: an address (`aws-secretsmanager://…`), or
    `k8s://SECRET/KEY` for a Kubernetes secret of the namespace. `deadline_seconds` bounds a whole run with its retries
    and waiting times, `retries` counts the tries after the first.
    """

    environment: str = "prod"
    engine: str = "embedded"
    image: str = STAND_IN_IMAGE
    store: str = STAND_IN_BUCKET
    namespace: str = "arcbook"
    service_account: str = "arcbook-job"
    profile: str = "small"
    owner: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    deadline_seconds: int = 4 * 3600
    retries: int = 3
    keep_succeeded_seconds: int = 24 * 3600
    keep_failed_seconds: int = 7 * 24 * 3600

    def address(self, path: str) -> str:
        """The address of `path` in the store."""
        return f"s3://{self.store.removeprefix('s3://').strip('/')}/{path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When Argo starts the job.

    `crons` have five fields each and are read in `timezone`. A start that Argo missed (its controller was down) is
    made up for within `starting_deadline_seconds`, the latest one only.
    """

    crons: tuple[str, ...]
    timezone: str = "UTC"
    starting_deadline_seconds: int = 3600
