"""HTTP tasks: the resource they ask is what they read."""

from __future__ import annotations

from typing import ClassVar
from urllib.parse import urljoin

from fairlead.datasets import of_url
from fairlead_airflow import compat
from fairlead_airflow.extractors.base import Extractor
from fairlead_airflow.lineage.parts import Lineage

_READING = frozenset({"GET", "HEAD"})


class HttpExtractor(Extractor):
    """`HttpOperator` and `HttpSensor`. A GET reads the resource; every other method writes it."""

    operators: ClassVar[tuple[str, ...]] = ("HttpOperator", "HttpSensor")

    def before(self) -> Lineage:
        identity = of_url(self._url())
        if identity is None:
            return Lineage()
        reading = str(getattr(self.operator, "method", "GET")).upper() in _READING
        return Lineage(inputs={identity: {}}) if reading else Lineage(outputs={identity: {}})

    def _url(self) -> str:
        endpoint = str(getattr(self.operator, "endpoint", None) or "")
        connection = compat.get_connection(self.operator.http_conn_id)
        host = connection.host or ""
        if "://" not in host:
            host = f"{connection.schema or 'http'}://{host}"
        port = f":{connection.port}" if connection.port else ""
        return urljoin(f"{host}{port}/", endpoint.lstrip("/"))
