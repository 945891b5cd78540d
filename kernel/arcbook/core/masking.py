"""Keeping secrets out of everything that is written: masking known values, finding unknown ones.

Masking knows values and hides them in every form in which they could leave. Finding knows only shapes (an access key, a
private key, `password=…`) and is for refusing text before it is run or stored.
"""

import base64
import html
import json
import re
import threading
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

#: What stands in place of a secret.
MASK = "********"

#: Shorter values are hidden only where they stand alone, and only as they are: their encodings are everywhere.
SHORTEST_ANYWHERE = 4
#: An encoded form shorter than this would hide innocent text.
_SHORTEST_ENCODED = 6
#: Lines of a longer secret (a private key) that are hidden on their own too.
_SHORTEST_LINE = 12
#: A text shorter than this is never taken for a dummy.
_SHORTEST_DUMMY = 8
#: A variable of the environment is hidden when its name says secret and its value has at least this length.
_SHORTEST_VARIABLE = 8

_SECRET_NAME = re.compile(
    r"passw(or)?d|passphrase|pwd$|secret|token|api_?key|access_?key(?!_?id)|private_?key|(account|custom)_?key"
    r"|credential|signature|^auth$",
    re.IGNORECASE,
)
#: Names that hold the address or the name of a secret, not the secret.
_HARMLESS_NAME = re.compile(r"(_FILE|_PATH|_URI|_URL|_ARN|_NAME|_ID|_TTL|_TYPE|_COUNT|TOKENIZERS_PARALLELISM)$", re.I)
#: The shell's working directories, whose names look like a password's.
_SHELL_NAMES = frozenset(("PWD", "OLDPWD"))


def names_a_secret(name: str) -> bool:
    """Whether a parameter, variable or option of that name holds a secret, going by the name alone."""
    name = name.replace(".", "_")
    return bool(_SECRET_NAME.search(name)) and not _HARMLESS_NAME.search(name)


class Masker:
    """Hides the values it was told, whatever their encoding. Any thread may call.

    Forms hidden: plain text, base64 (both alphabets, at each of the three alignments within a longer text),
    hexadecimal, URL quoting, JSON and Python escapes (also JSON within JSON), HTML escapes. A value written backwards
    is not hidden.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._values: set[str] = set()
        self._forms: set[str] = set()
        self._alone: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self._prefixes: frozenset[str] = frozenset()
        for value in values:
            self.add(value)

    def __bool__(self) -> bool:
        """Whether anything is hidden at all."""
        return self._pattern is not None

    def add(self, value: str) -> None:
        """Hide `value` from now on; blank values are ignored."""
        if not value.strip() or value == MASK:
            return
        with self._lock:
            if value in self._values:
                return
            self._values.add(value)
            if len(value) < SHORTEST_ANYWHERE:
                self._alone.add(value)
            else:
                self._forms.update(_forms(value))
            self._compile()

    def add_environment(self, environment: Mapping[str, str]) -> None:
        """Hide the values of variables whose names say that they hold secrets."""
        for name, value in environment.items():
            if name in _SHELL_NAMES:
                continue
            if len(value) >= _SHORTEST_VARIABLE and names_a_secret(name):
                self.add(value)

    def mask(self, text: str) -> str:
        """`text` with every known secret replaced."""
        return self._pattern.sub(MASK, text) if self._pattern else text

    def mask_tree(self, value: Any) -> Any:
        """`value` (dicts, lists, plain values) with every text in it masked, keys included."""
        if self._pattern is None:
            return value
        if isinstance(value, str):
            return self.mask(value)
        if isinstance(value, dict):
            return {self.mask_tree(key): self.mask_tree(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.mask_tree(item) for item in value]
        return value

    def unsafe_tail(self, text: str) -> int:
        """How many characters at the end of `text` may be the beginning of a secret that continues in later text.

        Whoever masks a stream piece by piece holds these back until the next piece.
        """
        if not self._prefixes:
            return 0
        longest = min(len(text), max(map(len, self._prefixes)))
        for size in range(longest, 0, -1):
            if text[-size:] in self._prefixes:
                return size
        return 0

    def _compile(self) -> None:
        forms = sorted(self._forms, key=lambda form: (-len(form), form))
        parts = [re.escape(form) for form in forms]
        parts += [rf"(?<!\w){re.escape(value)}(?!\w)" for value in sorted(self._alone)]
        self._prefixes = frozenset(form[:size] for form in self._forms for size in range(1, len(form)))
        self._pattern = re.compile("|".join(parts))


@cache
def masker() -> Masker:
    """The masker of this process."""
    return Masker()


def _forms(value: str) -> Iterator[str]:
    yield value
    raw = value.encode("utf-8", "surrogatepass")
    for line in map(str.strip, value.splitlines()):
        if line != value and len(line) >= _SHORTEST_LINE:
            yield line
    hexadecimal = raw.hex()
    encoded = [*_base64_forms(raw), hexadecimal, hexadecimal.upper()]
    yield from (form for form in encoded if len(form) >= _SHORTEST_ENCODED)
    quoted = urllib.parse.quote(value, safe="", errors="surrogatepass")
    yield from (quoted, _lower_quoting(quoted), urllib.parse.quote(value, errors="surrogatepass"))
    yield urllib.parse.quote_plus(value, errors="surrogatepass")
    for ascii_only in (True, False):
        escaped = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        yield escaped
        yield json.dumps(escaped, ensure_ascii=ascii_only)[1:-1]
        yield escaped.replace("/", "\\/")
    yield repr(value)[1:-1]
    yield value.replace("'", "''")
    yield from (html.escape(value), html.escape(value, quote=False), html.escape(value).replace("&#x27;", "&#39;"))


def _base64_forms(raw: bytes) -> Iterator[str]:
    """The stretches of base64 text that depend on `raw` alone, wherever it begins within the encoded bytes."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(raw).decode()
        yield from (whole, whole.rstrip("="))
        for before in range(3):
            padded = encode(b"\0" * before + raw).decode()
            first = (before * 8 + 5) // 6
            last = (before + len(raw)) * 8 // 6
            yield padded[first:last]


def _lower_quoting(quoted: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), quoted)


_URL_PASSWORDS = re.compile(
    r"""(?P<before>
          [a-z][a-z0-9+.-]*://[^\s/?#:@'"]*:(?=[^\s/?#'"]*@)          # scheme://user:password@host
        | (?<![a-z0-9])(?:password|passwd|pwd|secret|token|access_?token|api_?key|secret_?(?:access_?)?key|sig
             |signature|aws_?secret_?access_?key|x-amz-(?:signature|security-token|credential)
             |(?:trust|key)store_?password)\s*=\s*
        )(?P<value>[^\s&;'",})]+?)(?=@[^\s/@]*(?:[/?#\s'"]|$)|[\s&;'",})]|$)""",
    re.IGNORECASE | re.VERBOSE,
)


def mask_url(text: str) -> str:
    """`text` with passwords in addresses hidden: `user:password@host`, `;password=…`, `&token=…`; also JDBC's forms."""
    return _URL_PASSWORDS.sub(lambda found: found["before"] + MASK, text)


# What a placeholder, a reference or a mask looks like: never a secret itself.
_REFERENCE = re.compile(
    r"^(?:\$\{.*|\$\w+|\{\{.*|%\w+%|:\w+|<[^>]*>|\*+|x{3,}|\.{3,}|…|none|null|true|false|changeme"
    r"|\w+\.\w*(?:password|passwd|pwd|token|secret)"
    r"|(?:aws-secretsmanager|secretsmanager|aws-ssm|ssm|env|vault|file|arn|k8s)[:/].*)$",
    re.IGNORECASE,
)


def is_reference(text: str) -> bool:
    """Whether a value only says where a secret is or will be (`${KEY}`, `env://NAME`), or is none (`null`, stars)."""
    return bool(_REFERENCE.match(text)) or _is_dummy(text)


def _is_dummy(text: str) -> bool:
    """Whether a text is made of a few characters only, as `aaaabbbbccc` and `0000-0000`: nobody is let in by that."""
    return len(text) >= _SHORTEST_DUMMY and len(set(text)) * 3 <= len(text)


_WORDS = "password|passwd|pwd|passphrase|token|signature|access_?key|secret|secret_?access_?key|api_?key|private_?key"
_BARE = r"[^\s&;'\"`,(){}=<>!]"

_HINTS = ("passw", "pwd", "passphrase", "token", "signature", "access", "secret", "api", "private")

#: Kind, shape, and words of which one stands in every text that has the shape (case aside): most texts have none, and
#: looking for a word costs next to nothing. Where a shape has a group `value`, that is the secret.
_SHAPES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "private key",
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:[^$]*?-----END [A-Z0-9 ]+-----)?",
        ("-----begin",),
    ),
    (
        "AWS access key",
        r"(?<![A-Za-z0-9])(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}(?![A-Za-z0-9])",
        ("akia", "asia", "aroa", "aida"),
    ),
    (
        "GitHub token",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    ),
    ("GitLab token", r"\bglpat-[A-Za-z0-9_-]{20,}", ("glpat-",)),
    ("Slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}", ("xox",)),
    ("Google API key", r"\bAIza[A-Za-z0-9_-]{35}", ("aiza",)),
    ("Stripe key", r"\b[rs]k_live_[A-Za-z0-9]{16,}", ("k_live_",)),
    ("JSON web token", r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}", ("eyj",)),
    ("authorization header", r"\b(?:Bearer|Basic)\s+(?P<value>[A-Za-z0-9+/_.~-]{16,}=*)", ("bearer", "basic")),
    ("password in an address", r"(?i)\b[a-z][a-z0-9+.-]*://[^\s/?#:@'\"]*:(?P<value>[^\s/?#@'\"]+)@", ("@",)),
    # "secret": "value", secretAccessKey = "value": the guard of Arc's kernel, and passwords, in JSON, HOCON and Python.
    (
        "quoted secret",
        rf"""(?i)["']?\b(?:\w*[_.])?(?:{_WORDS})\b["']?\s*[:=]\s*(["'])(?P<value>[^"'\s][^"'\n]*)\1""",
        _HINTS,
    ),
    ("unquoted password", rf"(?i)(?<![\w.:])(?:password|passwd|pwd)=(?P<value>{_BARE}{{3,}})", _HINTS),
    ("unquoted secret", rf"(?im)^[ \t]*(?:\w*_)?(?:{_WORDS})=(?P<value>{_BARE}{{8,}})[ \t]*$", _HINTS),
)


@cache
def _shapes() -> tuple[tuple[str, re.Pattern[str], tuple[str, ...]], ...]:
    return tuple((kind, re.compile(shape), hints) for kind, shape, hints in _SHAPES)


# `WHERE token = 'active'`: a word of SQL, brackets perhaps, and what is compared. A password is one in SQL too.
_COMPARED = re.compile(r"\b(?:where|and|or|on|when|not|having|if)\s*\(*\s*$", re.IGNORECASE)
_COMPARED_WORD = re.compile(r"'?(?:\w*[_.])?(?:token|signature|secret)'?\s*=\s*'", re.IGNORECASE)


def _compares(text: str, match: re.Match[str]) -> bool:
    """Whether what looks like a setting is a condition of a statement."""
    return bool(_COMPARED_WORD.match(match[0]) and _COMPARED.search(text, max(0, match.start() - 40), match.start()))


def find_secrets(text: str) -> list[tuple[int, int, str]]:
    """Where `text` seems to hold a secret: start, end and kind, in order, without overlaps.

    Placeholders (`${KEY}`, `:key`), references (`aws-secretsmanager://…`) and masks do not count.
    """
    found: list[tuple[int, int, str]] = []
    lowered = text.lower()
    for kind, shape, hints in _shapes():
        for match in shape.finditer(text) if any(hint in lowered for hint in hints) else ():
            group = "value" if "value" in shape.groupindex else 0
            if group and (is_reference(match[group]) or _compares(text, match)):
                continue
            found.append((*match.span(group), kind))
    found.sort(key=lambda secret: (secret[0], -secret[1]))
    kept: list[tuple[int, int, str]] = []
    for secret in found:
        if not kept or secret[0] >= kept[-1][1]:
            kept.append(secret)
    return kept
