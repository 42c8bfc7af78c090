"""HTTP tasks: the resource they ask is what they read."""

from __future__ import annotations

from typing import ClassVar

from fairlead_airflow.extractors.base import Extractor
from fairlead_airflow.lineage import places
from fairlead_airflow.lineage.parts import Lineage

_READING = frozenset({"GET", "HEAD"})


class HttpExtractor(Extractor):
    """`HttpOperator` and `HttpSensor`. A GET reads the resource; every other method writes it."""

    operators: ClassVar[tuple[str, ...]] = ("HttpOperator", "HttpSensor")

    def before(self) -> Lineage:
        task = self.operator
        identity = places.of_endpoint(task.http_conn_id, getattr(task, "endpoint", None))
        if identity is None:
            return Lineage()
        reading = str(getattr(task, "method", "GET")).upper() in _READING
        return Lineage(inputs={identity: {}}) if reading else Lineage(outputs={identity: {}})
