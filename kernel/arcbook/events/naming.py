"""What OpenLineage calls a place: namespace and name by its naming rules."""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from arcbook.core.addresses import bucket_and_key, is_s3, scheme_of

#: How a run of each status ended, in OpenLineage's words; all others failed.
_ENDINGS = {"completed": "COMPLETE", "cancelled": "ABORT"}
#: Schemes of JDBC whose namespace OpenLineage spells in another way, and the ports that these databases have.
_DATABASES = {"postgresql": "postgres"}
_PORTS = {"postgres": 5432, "mysql": 3306, "redshift": 5439, "sqlserver": 1433}
_ATHENA = re.compile(r"jdbc:(?:aws)?athena://(?:athena\.)?(?:AwsRegion=)?([a-z]+-[a-z]+-\d)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """The identity of a dataset."""

    namespace: str
    name: str


def name_of(address: str) -> Name:
    """The identity of what is at a path, an `s3://` address or a JDBC URL; a table on Delta is known by its place."""
    if is_s3(address):
        bucket, key = bucket_and_key(address)
        return Name(f"s3://{bucket}", key.rstrip("/") or "/")
    if scheme_of(address) == "jdbc":
        return _database(address)
    scheme = scheme_of(address)
    if not scheme:
        return Name("file", address)
    parts = urlsplit(address)
    if scheme == "file":
        return Name("file", unquote(parts.path))
    # Without user and password.
    return Name(f"{scheme}://{parts.netloc.rpartition('@')[2]}", parts.path.lstrip("/") or "/")


def _database(url: str) -> Name:
    """By host and database: which table a foreign statement touches nobody tells. User and password stay out."""
    if athena := _ATHENA.match(url):
        return Name(f"awsathena://athena.{athena[1] or 'unknown'}.amazonaws.com", "AwsDataCatalog")
    parts = urlsplit(url.partition(":")[2].split(";", 1)[0])
    scheme = _DATABASES.get(parts.scheme, parts.scheme)
    try:
        port = parts.port or _PORTS.get(scheme)
    except ValueError:  # several hosts
        port = None
    host = parts.hostname or "localhost"
    return Name(f"{scheme}://{host}{f':{port}' if port else ''}", parts.path.strip("/") or "/")


def ending_of(status: str) -> str:
    """The type of the event that tells how a run of `status` ended."""
    return _ENDINGS.get(status, "FAIL")
