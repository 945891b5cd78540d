"""The rules of the `authentication` key: a method, and the keys that method needs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from arcbook.cells.messages import opening
from arcbook.cells.tree import PLACEHOLDERS, Tree
from arcbook.core.problem import Problem
from arcbook.core.suggest import did_you_mean

#: The keys each method requires.
METHODS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "AzureSharedKey": ("accountName", "signature"),
        "AzureSharedAccessSignature": ("accountName", "container", "token"),
        "AzureDataLakeStorageToken": ("clientID", "refreshToken"),
        "AzureDataLakeStorageGen2AccountKey": ("accountName", "accessKey"),
        "AzureDataLakeStorageGen2OAuth": ("clientID", "secret", "directoryID"),
        "AmazonAccessKey": ("accessKeyID", "secretAccessKey"),
        "AmazonAnonymous": (),
        "AmazonEnvironmentVariable": (),
        "AmazonIAM": (),
        "GoogleCloudStorageKeyFile": ("projectID", "keyFilePath"),
    }
)
#: The keys each way of encryption requires, of the method AmazonIAM.
ENCRYPTION: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"SSE-S3": (), "SSE-KMS": ("kmsArn",), "SSE-C": ("customKey",)}
)


def authentication_problems(tree: Tree) -> list[Problem]:
    """What is wrong with a tree's `authentication`; an empty object means none."""
    given = tree.value.get("authentication")
    if not isinstance(given, dict) or not given or isinstance(given.get("method"), PLACEHOLDERS):
        return []
    method = given.get("method")
    if method is None:
        return [_lacking(tree, "method", "an authentication")]
    if not isinstance(method, str) or method not in METHODS:
        return [_unknown(tree, "method", method, METHODS)]
    needed = list(METHODS[method])
    encryption = given.get("encryptionAlgorithm")
    if method == "AmazonIAM" and encryption is not None and not isinstance(encryption, PLACEHOLDERS):
        if not isinstance(encryption, str) or encryption not in ENCRYPTION:
            return [_unknown(tree, "encryptionAlgorithm", encryption, ENCRYPTION)]
        needed += ENCRYPTION[encryption]
    return [_lacking(tree, key, f"the authentication method `{method}`") for key in needed if given.get(key) is None]


def _lacking(tree: Tree, key: str, what: str) -> Problem:
    full = f"authentication.{key}"
    return Problem(
        "missing-key", f"{what} needs the key `{key}`", opening(tree.span(("authentication",))), full, "Add it."
    )


def _unknown(tree: Tree, key: str, value: Any, known: Mapping[str, Any]) -> Problem:
    full, listed = f"authentication.{key}", f"There are: {', '.join(known)}."
    span = tree.span(("authentication", key))
    if not isinstance(value, str):
        return Problem("wrong-value", f"`{full}` must be text", span, full, listed)
    remedy = did_you_mean(value, known) or listed
    return Problem("wrong-value", f"there is no `{key}` called `{value}`", span, full, remedy)
