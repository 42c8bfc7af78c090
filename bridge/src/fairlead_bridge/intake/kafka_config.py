"""The settings of librdkafka, Kafka's client, as a company's brokers need them."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import SecretStr

from fairlead_bridge import trust
from fairlead_bridge.errors import BadSettings

#: What the bridge sets itself: without these, events would be lost or read twice for ever.
_OURS = ("bootstrap.servers", "group.id", "enable.auto.commit", "auto.offset.reset")

Config = dict[str, str | int | float | bool]


def read(given: SecretStr | None) -> Config:
    """What FAIRLEAD_KAFKA_CONFIG says: a JSON object, or the path of a file with one. Raises BadSettings."""
    if given is None:
        return {}
    text = given.get_secret_value().strip()
    if not text.startswith("{"):
        try:
            text = Path(text).read_text("utf-8")
        except (OSError, UnicodeDecodeError, ValueError) as error:
            raise BadSettings(
                "FAIRLEAD_KAFKA_CONFIG is neither a JSON object nor the path of a file that can be read: "
                f"{type(error).__name__}"
            ) from error
    try:
        found = json.loads(text)
    except ValueError as error:
        raise BadSettings(f"FAIRLEAD_KAFKA_CONFIG is no JSON: {error.args[0]}") from error
    return _checked(found)


def with_authorities(config: Config) -> Config:
    """The settings; with TLS, also the authorities of FAIRLEAD_CA_FILE, unless they name others."""
    uses_tls = "SSL" in str(config.get("security.protocol", "")).upper()
    own = {"ssl.ca.location", "ssl.ca.pem"} & set(config)
    file = trust.chosen()
    return {**config, "ssl.ca.location": file} if file and uses_tls and not own else config


def _checked(found: object) -> Config:
    if not isinstance(found, dict):
        raise BadSettings("FAIRLEAD_KAFKA_CONFIG has to be a JSON object of librdkafka's settings")
    for name, value in found.items():
        if name in _OURS:
            raise BadSettings(f"FAIRLEAD_KAFKA_CONFIG must not have {name}: the bridge sets it")
        if not isinstance(value, str | int | float):
            raise BadSettings(
                f"FAIRLEAD_KAFKA_CONFIG: {name} has to be a text, a number or a truth"
            )
    return found
