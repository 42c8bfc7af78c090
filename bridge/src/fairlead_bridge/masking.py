"""
Secrets in texts, by their form: credentials in URLs, values with names that sound secret, tokens.

What has no form cannot be found here: a password that stands alone in a sentence is not masked. The
SDK, which shares no code with the bridge, knows the same forms; `tests/secrets/cases.json` holds both
to them.

Texts are long and not ours, so every pattern is linear: possessive where it repeats, bounded where it
must look ahead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

MASK = "***"

#: In the name of something whose value is secret.
_SOUNDS_SECRET = re.compile(
    r"passw(?:or)?d|passphrase|passcode|pwd|secret|token|credential|api[._-]?key"
    r"|(?:access|private|account|auth|encryption|signing|master|shared)[._-]?key"
    r"|fernet|signature|authorization|cookie|connection[._-]?string",
    re.IGNORECASE,
)
#: Names that are secret as a whole.
_SHORT = frozenset({"sig", "sas"})
#: Before a colon and a word, as in YAML. Not `token`: "unexpected token: SELECT" is no secret.
_STRICTLY_SECRET = re.compile(
    r"passw(?:or)?d|passphrase|pwd|secret|(?:api|access|private)[._-]?key|[\w.-][._-]token",
    re.IGNORECASE,
)
#: A variable, a template, a call, an attribute or a type says where a secret is, not what it is.
_REFERENCE = re.compile(
    r"[$%{<*\[(]|(?:None|null|true|false|str|bytes|int|bool|Optional)\b|[A-Za-z_][\w.]*+[(\[]"
    r"|[a-z_]\w*+(?:\.[a-z_]\w*+)++(?![\w.-])"
)

_NAME = r"(?<![\w.-])(?P<name>[\w.-]++)"
_VALUE = r"(?P<value>[^\s\"'`&;,|)\]}>\\]++[(\[]?)"
_QUOTED = r"(?P<open>[rbfu]?(?P<quote>\\?[\"']))(?P<value>[^\n]{1,4000}?)(?P=quote)"

#: Azure writes container@account where others write user:password@host.
_CREDENTIALS = re.compile(
    r"(?<![a-z0-9+.-])(?P<scheme>(?!abfss?:|wasbs?:)[a-z][a-z0-9+.-]*+://)"
    r"(?:[^/?#\s\"'<>`]{0,500}@|[^/?#\s\"'<>`:@]{0,200}:(?!\d+[/?#])[^?#\s\"'<>`]{0,500}@)"
    r"|(?P<thin>\boracle:(?:thin|oci):)[^@/\s]{0,200}/[^@\s]{0,200}(?=@)",
    re.IGNORECASE,
)


#: A parameter in the query of a URL, or in one of SQL Server's.
_PARAMETER = re.compile(r"([?&;]([^=&;?\s\"']{1,100})=)([^&;#\s\"']++)")


def urls(text: str) -> str:
    """The text without the credentials in its URLs: for names, in which nothing else may change.

    >>> urls("postgres://bob:hunter2@h:5432/shop/token=7?sslpassword=x&sslmode=on")
    'postgres://h:5432/shop/token=7?sslpassword=***&sslmode=on'
    """
    if "@" in text:
        text = _CREDENTIALS.sub(lambda found: found["scheme"] or found["thin"], text)
    if "=" in text and "://" in text:
        text = _PARAMETER.sub(_parameter, text)
    return text


def _parameter(found: re.Match[str]) -> str:
    return f"{found[1]}{MASK}" if sounds_secret(found[2]) else found[0]


def text(value: str) -> str:
    """The text without the secrets that are recognised by their form.

    >>> text("PGPASSWORD=hunter2 psql postgres://bob:hunter2@h/shop")
    'PGPASSWORD=*** psql postgres://h/shop'
    """
    value = urls(value)
    lowered = value.lower()
    if any(sign in value for sign in _SIGNS):
        for rules in _NAMED_RULES:
            value = rules.apply(value, lowered)
    value = _TOKEN_RULES.apply(value, lowered)
    for pattern in _More.patterns:
        value = pattern.sub(MASK, value)
    return value


class _More:
    """What this process masks beside what is recognised by its form."""

    keys: tuple[str, ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()


def extend(keys: Iterable[str], patterns: Iterable[str]) -> None:
    """
    Mask, from now on, also values whose names contain one of the `keys`, and what the regular
    expressions match. Raises re.error where one is none.
    """
    _More.keys = tuple(key.lower() for key in keys)
    _More.patterns = tuple(re.compile(pattern) for pattern in patterns)
    _short_text.cache_clear()
    is_secret.cache_clear()


_short_text = lru_cache(maxsize=20_000)(text)
#: Characters of a text that is worth remembering: names, versions and words, which come again.
_SHORT_TEXT = 200


def value(value: Any) -> Any:
    """
    A decoded value without the secrets in its texts, nor texts under a name that sounds secret.

    >>> value({"uri": "postgres://bob:hunter2@h/shop", "apiKey": "x1", "token": {"nulls": 3}})
    {'uri': 'postgres://h/shop', 'apiKey': '***', 'token': {'nulls': 3}}
    """
    if isinstance(value, str):
        return _short_text(value) if len(value) <= _SHORT_TEXT else text(value)
    if isinstance(value, list):
        return [_masked(item) for item in value]
    if isinstance(value, dict):
        return {key: _field(key, item) for key, item in value.items()}
    return value


_masked = value


def _field(name: str, item: object) -> object:
    if name in SENSITIVE:
        return strictly(item)
    if type(item) is not str:
        return _masked(item) if item is not None else None
    if item and is_secret(name) and not _REFERENCE.match(item):
        return MASK
    return _short_text(item) if len(item) <= _SHORT_TEXT else text(item)


def strictly(value: Any) -> Any:
    """
    As `value`, for settings: whatever has a name that sounds secret is masked, also where names
    stand beside values in a list.

    >>> strictly([{"name": "API_KEY", "value": 7}, {"password": ["x"]}])
    [{'name': 'API_KEY', 'value': '***'}, {'password': '***'}]
    """
    if isinstance(value, list):
        return [strictly(item) for item in value]
    if not isinstance(value, dict):
        return _masked(value)
    hides = {"value"} if any(is_secret(str(value.get(key))) for key in ("name", "key")) else set()
    return {
        key: MASK if item is not None and (key in hides or is_secret(key)) else strictly(item)
        for key, item in value.items()
    }


def body(body: bytes) -> bytes:
    """
    A JSON body without the secrets in it; the very bytes where there are none.

    What is no JSON is masked as a text.
    """
    if not may_hold_secrets(body):
        return body
    try:
        decoded = msgspec.json.decode(body)
        clean = value(decoded)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        decoded = body.decode("utf-8", "replace")
        clean = text(decoded)
        return body if clean == decoded else clean.encode()
    return body if clean == decoded else msgspec.json.encode(clean)


def may_hold_secrets(body: bytes) -> bool:
    """Whether a look at the words finds anything for which a body has to be taken apart."""
    lowered = body.lower()
    if any(word in lowered for word in _SIGNS_OF_SECRETS):
        return True
    return bool(_More.patterns) or any(key.encode() in lowered for key in _More.keys)


@lru_cache(maxsize=20_000)
def is_secret(name: str) -> bool:
    """
    Whether a setting of this name is secret.

    >>> [is_secret(name) for name in ("DB_PASSWORD", "AIRFLOW_CONN_DB", "MONKEY", "API_KEY")]
    [True, True, False, True]
    """
    if _More.keys and any(key in name.lower() for key in _More.keys):
        return True
    return sounds_secret(name) or _CONNECTION.search(name) is not None


_CONNECTION = re.compile(r"dsn|sql_?alchemy[._-]?conn|airflow_conn_", re.IGNORECASE)
#: Names of facets that hold settings.
SENSITIVE = frozenset(
    {"environmentVariables", "environment-properties", "spark_properties", "executionParameters"}
)


def sounds_secret(name: str) -> bool:
    """Whether a value of this name is secret."""
    return name.lower() in _SHORT or _SOUNDS_SECRET.search(name) is not None


def _quoted(found: re.Match[str]) -> str:
    if not sounds_secret(found["name"]):
        return found[0]
    return f"{found['name']}{found['sign']}{found['open']}{MASK}{found['quote']}"


def _plain(found: re.Match[str]) -> str:
    if not sounds_secret(found["name"]) or _REFERENCE.match(found["value"]):
        return found[0]
    return f"{found['name']}{found['sign']}{MASK}"


def _yaml(found: re.Match[str]) -> str:
    if not _STRICTLY_SECRET.search(found["name"]) or _REFERENCE.match(found["value"]):
        return found[0]
    return f"{found['name']}{found['sign']}{MASK}"


_Replacement = str | Callable[[re.Match[str]], str]

_PRIVATE_KEY = (
    r"(-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----)(?s:.*?)(-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)"
)
_HEADER = (
    r"(\bauthorization\\?[\"']?\s{0,9}[:=]\s{0,9}(?:\\?[\"'])?(?:[a-z]++ ++)?+)(?![$%{<*])"
    r"[^\s\"'\\$]+"
)
_BEARER = r"(\bbearer +)(?=[^\s\"']{0,200}[\d._~+/-])[\w.~+/-]{6,}+=*"
_SQL = (
    r"(\b(?:password|identified\s{1,9}by|identified\s{1,9}with\s{1,9}\w+\s{1,9}by)\s{1,9})"
    r"(['\"])[^'\"\n]{1,500}\2"
)
_MYSQL = r"(\bmysql\w*+[^\n;|&]{0,300}?\s-p)(?![$%{\s])[^\s\"']+"
_SSHPASS = r"(\bsshpass\s{1,9}-p\s{0,9})(?![$%{])[^\s]+"
_CURL = r"(\bcurl\b[^\n;|]{0,300}?\s(?:-u|--user)[ =]?[\"']?[^\s:\"']{1,200}:)(?![$%{])[^\s\"']+"
_TOKENS = (
    r"\b(?:(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_\w{20,}+|github_pat_\w{20,}+|xox[a-z]-[\w-]{10,}+"
    r"|glpat-[\w-]{16,}+|[sr]k_(?:live|test)_\w{16,}+|sk-[\w-]{20,}+|AIza[\w-]{30,}+"
    r"|ya29\.[\w-]{16,}+|dapi[0-9a-f]{32}|npm_\w{30,}+|pypi-[\w-]{30,}+|hf_\w{30,}+"
    r"|SG\.[\w-]{16,}+\.[\w-]{16,}+|eyJ[\w-]{8,}+\.[\w-]{8,}+\.[\w-]*+)"
)

_KEYS = ("api", "access", "private", "account", "auth", "encryption", "signing", "master", "shared")
#: One of these is in every text in which a name sounds secret, in lower case.
_NAMES = (
    *("passw", "passphrase", "passcode", "pwd", "secret", "token", "credential", "fernet"),
    *("signature", "authorization", "cookie", "sig=", "sas="),
    *(f"{kind}{sign}key" for kind in _KEYS for sign in ("", ".", "_", "-")),
    *(f"connection{sign}string" for sign in ("", ".", "_", "-")),
)
_BEGINNINGS = (
    *("akia", "asia", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "xox", "glpat-"),
    *("k_live_", "k_test_", "sk-", "aiza", "ya29.", "dapi", "npm_", "pypi-", "hf_", "sg.", "eyj"),
)


@dataclass(frozen=True)
class _Rules:
    """`words`: one of them is in every text that the patterns match; much quicker to look for."""

    words: tuple[str, ...]
    patterns: tuple[tuple[re.Pattern[str], _Replacement], ...]

    def apply(self, value: str, lowered: str) -> str:
        if any(word in lowered for word in self.words):
            for pattern, replacement in self.patterns:
                value = pattern.sub(replacement, value)
        return value


def _rules(words: tuple[str, ...], *patterns: tuple[str, _Replacement]) -> _Rules:
    return _Rules(words, tuple((re.compile(p, re.IGNORECASE), r) for p, r in patterns))


_TOKEN_RULES = _rules(_BEGINNINGS, (_TOKENS, MASK))
#: All of these need a sign between a name and a value.
_SIGNS = ("=", ":", " ", "\t", "\n")
_NAMED_RULES = (
    _rules(("private key",), (_PRIVATE_KEY, rf"\1{MASK}\2")),
    _rules(("authorization",), (_HEADER, rf"\1{MASK}")),
    _rules(("bearer ",), (_BEARER, rf"\1{MASK}")),
    _rules(
        _NAMES,
        (_NAME + r"(?P<sign>\\?[\"']?\s{0,9}(?:=>|[:=])\s{0,9})" + _QUOTED, _quoted),
        (r"(?P<name>--[\w.-]++)(?P<sign>\s{1,9})" + _QUOTED, _quoted),
        (_NAME + r"(?P<sign>=)" + _VALUE, _plain),
        (r"(?P<name>--[\w.-]++)(?P<sign>\s{1,9})(?!-)" + _VALUE, _plain),
        (_NAME + r"(?P<sign>\\?[\"']?: {0,9})" + _VALUE, _yaml),
    ),
    _rules(("password", "identified"), (_SQL, rf"\1\2{MASK}\2")),
    _rules(("mysql",), (_MYSQL, rf"\1{MASK}")),
    _rules(("sshpass",), (_SSHPASS, rf"\1{MASK}")),
    _rules(("curl",), (_CURL, rf"\1{MASK}")),
)

#: One of these words is in everything that holds a secret: those of the rules, and of `is_secret`.
_SIGNS_OF_SECRETS = tuple(
    word.encode()
    for word in (
        *("@", "dsn", "alchemy", "airflow_conn", "environment", "properties"),
        *("executionparameters", "private key", "bearer ", "identified"),
        *("mysql", "sshpass", "curl", *_NAMES, *_BEGINNINGS, '"sig"', '"sas"'),
    )
)
