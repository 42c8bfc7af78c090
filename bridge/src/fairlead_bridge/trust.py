"""
Which authorities' certificates the bridge trusts as a client: of sinks, channels, the issuer, Kafka and PostgreSQL.

They are those of FAIRLEAD_CA_FILE, or else the system's. A sink or channel whose settings name a file
of its own trusts that one instead.
"""

from __future__ import annotations

import ssl
from pathlib import Path

import requests

from fairlead_bridge.errors import BadSettings

#: Where distributions have the authorities that the administrator trusts, in one file.
_SYSTEM = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


class _Chosen:
    """What this process trusts; like its log, one for the whole process."""

    file: str | None = None


def use(file: Path | None) -> None:
    """Trust the authorities of this file, or the system's. Raises BadSettings where it has none."""
    if file is not None:
        try:
            ssl.create_default_context(cafile=str(file))
        except OSError as error:  # ssl.SSLError is one
            raise BadSettings(
                f"FAIRLEAD_CA_FILE={file} cannot be read as certificates in PEM: {error}"
            ) from error
    _Chosen.file = str(file) if file is not None else None


def chosen() -> str | None:
    """The file that the settings name, if they name one."""
    return _Chosen.file


def verify(given: bool | str = True) -> bool | str:
    """What `verify` of requests is to be: its own list of authorities only where the system has none."""
    if given is not True:
        return given
    return _Chosen.file or _named() or _system() or True


def _named() -> str | None:
    """What REQUESTS_CA_BUNDLE names, as every program that uses requests understands it."""
    with requests.Session() as session:
        found = session.merge_environment_settings("https://example", {}, True, None, None)
    return found["verify"] if isinstance(found["verify"], str) else None


def _system() -> str | None:
    """The system's authorities as one file; SSL_CERT_FILE names another one."""
    named = ssl.get_default_verify_paths().cafile
    return next((path for path in (named, *_SYSTEM) if path and Path(path).is_file()), None)
