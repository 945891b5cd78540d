"""S3 for both engines, from the environment that boto3 reads.

Endpoint and region come from `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`, `AWS_REGION`, `AWS_DEFAULT_REGION`;
credentials from the `AWS_…` variables, else from what boto3 finds (profiles, roles). Sail reads them once, when its
process starts; Spark gets them on each session.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

#: Variables by which processes find their own credentials (roles of pods and tasks); both engines know them.
_ROLE_VARIABLES = (
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


@dataclass(frozen=True, slots=True)
class Storage:
    """What an engine needs for S3. Without `access_key` the engine looks for a role by itself."""

    endpoint: str = ""
    region: str = ""
    access_key: str = ""
    secret_key: str = ""
    token: str = ""

    def __repr__(self) -> str:
        return f"Storage(endpoint={self.endpoint!r}, region={self.region!r}, signed={bool(self.access_key)})"


def read_storage(environment: Mapping[str, str] | None = None) -> Storage:
    """What the environment says now."""
    env = os.environ if environment is None else environment
    endpoint = env.get("AWS_ENDPOINT_URL_S3") or env.get("AWS_ENDPOINT_URL") or ""
    region = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or ""
    if env.get("AWS_ACCESS_KEY_ID"):
        return Storage(
            endpoint,
            region,
            env["AWS_ACCESS_KEY_ID"],
            env.get("AWS_SECRET_ACCESS_KEY", ""),
            env.get("AWS_SESSION_TOKEN", ""),
        )
    if any(env.get(name) for name in _ROLE_VARIABLES) or not _has_profile(env):
        return Storage(endpoint, region)
    return _from_profile(endpoint, region)


def _has_profile(env: Mapping[str, str]) -> bool:
    if env.get("AWS_PROFILE"):
        return True
    home = Path("~/.aws").expanduser()
    return any(
        Path(env.get(name) or home / default).exists()
        for name, default in (("AWS_SHARED_CREDENTIALS_FILE", "credentials"), ("AWS_CONFIG_FILE", "config"))
    )


@cache
def _profile_session(profile: str, stamp: str) -> Any:
    """boto3's session of a profile; it refreshes what expires. `stamp` tells apart states of the files."""
    import botocore.session

    return botocore.session.Session(profile=profile or None)


def _from_profile(endpoint: str, region: str) -> Storage:
    """What boto3 finds in its files. Nothing usable is no error here: the job may not need S3."""
    from botocore.exceptions import BotoCoreError

    names = ("AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE")
    stamp = "|".join(os.environ.get(name, "") for name in names)
    try:
        session = _profile_session(os.environ.get("AWS_PROFILE", ""), stamp)
        found = session.get_credentials()
        keys = found.get_frozen_credentials() if found is not None else None
        region = region or session.get_config_variable("region") or ""
    except BotoCoreError:
        return Storage(endpoint, region)
    if keys is None:
        return Storage(endpoint, region)
    return Storage(endpoint, region, keys.access_key or "", keys.secret_key or "", keys.token or "")


def sail_environment() -> dict[str, str]:
    """The variables with which Sail's process starts, under the names that Sail knows."""
    found = read_storage()
    variables = {
        "AWS_ACCESS_KEY_ID": found.access_key,
        "AWS_SECRET_ACCESS_KEY": found.secret_key,
        "AWS_SESSION_TOKEN": found.token,
        # Without a region Sail asks the instance's metadata service, which costs seconds where there is none.
        "AWS_REGION": found.region or "us-east-1",
        "AWS_ENDPOINT": found.endpoint,
        "AWS_ALLOW_HTTP": "true" if found.endpoint.startswith("http://") else "",
    }
    return {name: value for name, value in variables.items() if value}


def spark_settings() -> dict[str, str]:
    """What a Spark session needs; set on the session, so that one session's keys never serve another's."""
    found = read_storage()
    settings = {
        "fs.s3a.endpoint": found.endpoint,
        "fs.s3a.endpoint.region": found.region or ("us-east-1" if found.endpoint else ""),
        "fs.s3a.path.style.access": "true" if found.endpoint else "",
        "fs.s3a.connection.ssl.enabled": "false" if found.endpoint.startswith("http://") else "",
        "fs.s3a.access.key": found.access_key,
        "fs.s3a.secret.key": found.secret_key,
        "fs.s3a.session.token": found.token,
        "fs.s3a.aws.credentials.provider": _provider(found),
        # The cache of file systems knows users, not sessions.
        "fs.s3a.impl.disable.cache": "true",
        "fs.s3.impl.disable.cache": "true",
        # A refused key is refused at once instead of after minutes of trying again.
        "fs.s3a.attempts.maximum": "3",
        "fs.s3a.retry.limit": "3",
        # Asked to slow down, a client tries again for ten seconds or twenty. Hadoop's own twenty times, each twice as
        # late as the one before, are days: the run would neither go on nor fail.
        "fs.s3a.retry.throttle.limit": "5",
        "fs.s3a.retry.throttle.interval": "200ms",
    }
    return {name: value for name, value in settings.items() if value}


def _provider(found: Storage) -> str:
    if not found.access_key:
        return ""  # Hadoop's own chain: role of the pod, task or machine
    kind = "Temporary" if found.token else "Simple"
    return f"org.apache.hadoop.fs.s3a.{kind}AWSCredentialsProvider"


def is_configured() -> bool:
    """Whether the environment says anything about S3."""
    names = ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", *_ROLE_VARIABLES)
    return any(os.environ.get(name) for name in names)


def without_storage(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` without the variables that `sail_environment` sets, so that a removed one is gone."""
    ours = {
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION",
        "AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ALLOW_HTTP",
    }  # fmt: skip
    return {name: value for name, value in environment.items() if name not in ours}
