"""Topics that are written and read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from fairlead_airflow import compat
from fairlead_airflow.extractors.base import Extractor
from fairlead_airflow.lineage.parts import Facets, Lineage
from fairlead_sdk.datasets import Identity


class ProduceExtractor(Extractor):
    """`ProduceToTopicOperator`."""

    operators: ClassVar[tuple[str, ...]] = ("ProduceToTopicOperator",)

    def before(self) -> Lineage:
        return Lineage(outputs=topics(self.operator.kafka_config_id, [self.operator.topic]))


class ConsumeExtractor(Extractor):
    """`ConsumeFromTopicOperator` and the sensors that wait for a message."""

    operators: ClassVar[tuple[str, ...]] = (
        "ConsumeFromTopicOperator",
        "AwaitMessageSensor",
        "AwaitMessageTriggerFunctionSensor",
    )

    def before(self) -> Lineage:
        given = self.operator.topics or ()
        names = [given] if isinstance(given, str) else given
        return Lineage(inputs=topics(self.operator.kafka_config_id, names))


def topics(conn_id: str, names: Iterable[str]) -> dict[Identity, Facets]:
    """Topics by the brokers of their connection. A name that starts with `^` is a pattern."""
    brokers = compat.get_connection(conn_id).extra_dejson.get("bootstrap.servers")
    if not brokers:
        return {}
    return {Identity(f"kafka://{brokers}", name): {} for name in names if not name.startswith("^")}
