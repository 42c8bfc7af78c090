"""Files that are copied: from where, to where."""

from __future__ import annotations

from typing import ClassVar

from fairlead_airflow.extractors.base import Extractor
from fairlead_airflow.lineage.parts import Lineage
from fairlead_sdk.datasets import Identity, of_file, of_uri


class FileTransferExtractor(Extractor):
    """`FileTransferOperator`. Its own methods leave the first slash of a file's path out."""

    operators: ClassVar[tuple[str, ...]] = ("FileTransferOperator",)

    def before(self) -> Lineage:
        source, target = _identity(self.operator.src), _identity(self.operator.dst)
        return Lineage(
            inputs={source: {}} if source else {}, outputs={target: {}} if target else {}
        )


def _identity(path: object) -> Identity | None:
    text = str(path)
    return of_uri(text) if "://" in text else of_file(text)
