"""What must not be kept: the values of things that are called secret, and passwords in URLs."""

from __future__ import annotations

import re
from typing import Any

import msgspec

MASK = "***"

#: Names of facets whose bodies are redacted before anything of them is kept.
SENSITIVE = frozenset(
    {"environmentVariables", "environment-properties", "spark_properties", "executionParameters"}
)

_SECRET = re.compile(
    r"""passw(or)?d | passphrase | passcode | \bpwd | pwd\b | _pwd | secret | token | credential
    | api[._-]?key | access[._-]?key | private[._-]?key | account[._-]?key | auth[._-]?key
    | encryption[._-]?key | signing[._-]?key | fernet | \bsas\b | signature | sql_?alchemy[._-]?conn
    | authorization | cookie | dsn | connection[._-]?string | airflow_conn_""",
    re.VERBOSE | re.IGNORECASE,
)
#: Azure writes container@account where others write user:password@host.
_USER_INFO = re.compile(
    r"(?<![a-z0-9+.\-])(?P<scheme>(?!abfss?:|wasbs?:)[a-z][a-z0-9+.\-]*://)[^/?#\s]*@"
    r"|(?P<thin>\boracle:(?:thin|oci):)[^@/\s]*/[^@\s]*(?=@)",
    re.IGNORECASE,
)
_SECRET_IN_QUERY = re.compile(r"([?&;]([^=&;\s]+)=)([^&;#\s]*)")


def is_secret(key: str) -> bool:
    """
    Whether something of this name is nobody's business.

    >>> [is_secret(key) for key in ("DB_PASSWORD", "aws.secretAccessKey", "MONKEY", "API_KEY")]
    [True, True, False, True]
    """
    return bool(_SECRET.search(key))


def url(text: str) -> str:
    """
    A text without the credentials of the URLs in it.

    >>> url("postgres://bob:hunter2@h:5432/shop?sslpassword=x&sslmode=on")
    'postgres://h:5432/shop?sslpassword=***&sslmode=on'
    """
    if "://" not in text and "@" not in text:
        return text
    bare = _USER_INFO.sub(lambda found: found["scheme"] or found["thin"], text)
    return _SECRET_IN_QUERY.sub(_masked, bare)


def _masked(found: re.Match[str]) -> str:
    return f"{found[1]}{MASK}" if is_secret(found[2]) else found[0]


def facet(body: bytes) -> bytes:
    """A facet's JSON with the values of secrets masked; what is no JSON is masked as a whole."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.json.encode(MASK)
    return msgspec.json.encode(redacted(value))


def redacted(value: Any) -> Any:
    """
    The value without its secrets, also where names stand beside values in a list.

    >>> redacted({"environmentVariables": [{"name": "API_KEY", "value": "x"}]})
    {'environmentVariables': [{'name': 'API_KEY', 'value': '***'}]}
    """
    if isinstance(value, str):
        return url(value)
    if isinstance(value, list):
        return [redacted(item) for item in value]
    if not isinstance(value, dict):
        return value
    hides = {"value"} if any(is_secret(str(value.get(key))) for key in ("name", "key")) else set()
    return {
        key: MASK if item is not None and (key in hides or is_secret(key)) else redacted(item)
        for key, item in value.items()
    }
