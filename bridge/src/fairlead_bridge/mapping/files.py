"""
Files that are one table: a stream reads each new file of a folder by its own name, and a query may
name every file that it reads. The dataset is the folder.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from fairlead_bridge.mapping import decode, schema
from fairlead_bridge.mapping.decode import RawDataset

Name = tuple[str, str]  # namespace, name

_STORES = ("file", "s3", "gs", "gcs", "abfs", "wasb", "hdfs", "dbfs", "adl", "oss", "cos", "viewfs")
_FILE = re.compile(
    r"^(?P<folder>.+)/[^/]+\.(?P<kind>json|jsonl|ndjson|csv|tsv|txt|parquet|orc|avro|xml|log)"
    r"(\.(gz|gzip|bz2|zst|zstd|snappy|lz4))?$",
    re.IGNORECASE,
)


def folders(inputs: Sequence[RawDataset], *, streaming: bool) -> dict[Name, Name]:
    """
    The folder of each input that is a file of one: all files that a stream reads, and files of one
    folder, kind and schema that are read together.
    """
    together: dict[tuple[object, ...], list[tuple[Name, Name]]] = defaultdict(list)
    found: dict[Name, Name] = {}
    for raw in inputs:
        namespace, name = raw.namespace or "", raw.name or ""
        file = _FILE.match(name) if namespace.lower().startswith(_STORES) else None
        if file is None:
            continue
        names = ((namespace, name), (namespace, file["folder"]))
        if streaming:
            found[names[0]] = names[1]
            continue
        columns = _columns(raw)
        if columns is not None:
            together[names[1], file["kind"].lower(), columns].append(names)
    for files in together.values():
        if len({file for file, _ in files}) > 1:
            found.update(files)
    return found


def _columns(raw: RawDataset) -> bytes | None:
    """The schema; None where it is unknown, or that of any text, and so shows no table."""
    facet = decode.facet(raw.facets, "schema")
    body = schema.canonical(facet) if facet is not None else None
    return body if body is not None and len(schema.columns(body)) > 1 else None
