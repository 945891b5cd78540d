import base64
import html
import itertools
import json
import urllib.parse
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from arcbook.core.masking import MASK, Masker, find_secrets, mask_url, names_a_secret

CASES: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "data" / "secrets.yml").read_text(encoding="utf-8"))

SECRETS = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=("Cs", "Cc")), min_size=6, max_size=40
).filter(lambda text: "*" not in text)


@given(secret=SECRETS, before=st.binary(max_size=4), after=st.binary(max_size=4))
@settings(max_examples=150, deadline=None)
def test_a_secret_is_hidden_in_every_encoding(secret: str, before: bytes, after: bytes) -> None:
    """Whatever surrounds it, and at each alignment of base64, no form of a known secret passes."""
    masker = Masker([secret])
    raw = before + secret.encode() + after
    for text in (
        f"x{secret}y",
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
        raw.hex(),
        raw.hex().upper(),
        urllib.parse.quote(secret),
        urllib.parse.quote(secret, safe=""),
        urllib.parse.quote_plus(secret),
        json.dumps({"a": secret}),
        json.dumps({"a": secret}, ensure_ascii=False),
        json.dumps(json.dumps({"a": secret})),
        repr([secret]),
        html.escape(secret),
    ):
        assert MASK in masker.mask(text), text


@given(secret=SECRETS, cuts=st.lists(st.integers(0, 60), max_size=4))
@settings(max_examples=100, deadline=None)
def test_a_stream_cut_anywhere_hides_the_secret(secret: str, cuts: list[int]) -> None:
    """Holding back `unsafe_tail` keeps a secret whole until it can be masked."""
    masker = Masker([secret])
    text = f"<{secret}> and {secret}"
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    held, shown = "", ""
    for start, end in itertools.pairwise(edges):
        piece = masker.mask(held + text[start:end])
        unsafe = masker.unsafe_tail(piece)
        held = piece[len(piece) - unsafe :]
        shown += piece[: len(piece) - unsafe]
    shown += held
    assert secret not in shown
    assert shown == masker.mask(text)


def test_short_values_are_hidden_only_alone() -> None:
    """A secret of two letters must not blacken every word that holds them."""
    masker = Masker(["ab"])
    assert masker.mask("ab abc (ab)") == f"{MASK} abc ({MASK})"


def test_lines_of_a_key_are_hidden_one_by_one() -> None:
    """A private key printed line by line is hidden too."""
    assert "MIIEowIBAAKCAQEA" not in Masker(["-----BEGIN KEY-----\nMIIEowIBAAKCAQEA\n-----END KEY-----"]).mask(
        "> MIIEowIBAAKCAQEA <"
    )


def test_blank_lines_of_a_key_hide_nothing() -> None:
    """A line of blanks within a secret is in every text."""
    masker = Masker(["-----BEGIN KEY-----\n            \nMIIEowIBAAKCAQEA"])
    assert masker.mask("hello            there") == "hello            there"


def test_nothing_known_nothing_hidden() -> None:
    """Without secrets text is the same object."""
    text = "plain"
    assert Masker().mask(text) is text


def test_environment_variables_are_told_apart_by_name() -> None:
    """A password variable is hidden, a path to one and a harmless variable are not."""
    masker = Masker()
    masker.add_environment({"DB_PASSWORD": "hunter2hunter2", "TOKEN_FILE": "/run/token-file", "HOME": "/home/someone"})
    masker.add_environment({"PWD": "/home/someone/work", "OLDPWD": "/home/someone/else"})
    masked = masker.mask("hunter2hunter2 /run/token-file /home/someone")
    assert masked == f"{MASK} /run/token-file /home/someone"


@pytest.mark.parametrize(
    ("name", "secret"),
    [("api_token", True), ("AWS_SECRET_ACCESS_KEY", True), ("apiKey", True), ("PASSWORD", True), ("passwd", True),
     ("AWS_ACCESS_KEY_ID", False), ("region", False), ("SECRET_ARN", False), ("monkey", False)],
)  # fmt: skip
def test_names(name: str, secret: bool) -> None:
    """Names say whether a value is a secret."""
    assert names_a_secret(name) is secret


@pytest.mark.parametrize("case", CASES["found"], ids=lambda case: case["text"][:30])
def test_secrets_are_found(case: dict[str, str]) -> None:
    """Each shape is found, and exactly the secret is marked."""
    assert [(case["text"][start:end], kind) for start, end, kind in find_secrets(case["text"])] == [
        (case["secret"], case["kind"])
    ]


@pytest.mark.parametrize("text", CASES["clean"])
def test_references_and_sql_are_no_secrets(text: str) -> None:
    """Placeholders, references and ordinary SQL pass."""
    assert find_secrets(text) == []


@pytest.mark.parametrize(("address", "masked"), CASES["addresses"])
def test_passwords_in_addresses(address: str, masked: str) -> None:
    """Passwords go, everything else stays."""
    assert mask_url(address) == masked
