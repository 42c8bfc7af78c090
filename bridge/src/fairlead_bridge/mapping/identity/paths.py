"""Rules for files and objects: buckets, folders, keys, patterns and partitions."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

from fairlead_bridge.mapping.identity import engines, partitions
from fairlead_bridge.mapping.identity.spelling import (
    Pairs,
    Spelling,
    Url,
    scheme,
    url,
)

_S3 = re.compile(r"(?:(?P<bucket>.+)\.)?s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?")


_AZURE = re.compile(r".+\.dfs\.core\.windows\.net")


def web_address(it: Spelling) -> Spelling:
    """Object stores by their addresses in the web."""
    there = url(it.namespace)
    if there is None or there.scheme not in ("http", "https"):
        return it
    host, path = there.authority.removesuffix(":443"), f"{there.tail}/{it.name}".strip("/")
    first, _, rest = path.partition("/")
    if found := _S3.fullmatch(host):
        bucket, key = (found["bucket"], path) if found["bucket"] else (first, rest)
        return it._replace(namespace=f"s3://{bucket}", name=key or "/") if bucket else it
    if host == "storage.googleapis.com" and first:
        return it._replace(namespace=f"gs://{first}", name=rest or "/")
    if _AZURE.fullmatch(host) and first:
        return it._replace(namespace=f"abfss://{first}@{host}", name=rest or "/")
    return it


_LOCAL_FILES = re.compile(r"file(:/{0,3}|(://|\.)localhost/?|://127\.0\.0\.1/?)")


_FILE_URL = re.compile(r"file:(//(localhost|127\.0\.0\.1)?)?(?=/)")


#: A folder in the place of a namespace: of DBFS, or with the letter of a drive.
_FOLDER = re.compile(r"(?:dbfs:/+(?![A-Za-z]:)|file:/*(?=[A-Za-z]:[/\\]))(?P<path>.*)", re.DOTALL)


_WINDOWS = re.compile(r"[A-Za-z]:\\")


def file(it: Spelling) -> Spelling:
    """This machine's files: `file` and a path."""
    namespace, name = it.namespace, it.name
    if _LOCAL_FILES.fullmatch(namespace):
        namespace = "file"
    elif namespace.startswith("file:"):
        namespace = _FILE_URL.sub("file:", namespace, count=1)
    if namespace == "file":
        name = _FILE_URL.sub("", name, count=1)
    if found := _FOLDER.fullmatch(namespace):
        kind = namespace[:4]
        namespace, name = (
            kind,
            "/".join(filter(None, (found["path"].rstrip("/"), name.lstrip("/")))),
        )
        name = name if kind == "file" else f"/{name}"
    if namespace == "file" and _WINDOWS.match(name):
        name = name.replace("\\", "/")
    return it._replace(namespace=namespace, name=name)


_SQLITE = re.compile(r"sqlite:(/|/{4,})(?=[^/])")


def local_database(it: Spelling) -> Spelling:
    """SQLAlchemy writes an absolute path behind four slashes, URI cleaners behind one."""
    return it._replace(namespace=_SQLITE.sub("sqlite:///", it.namespace, count=1))


_RELATIVE = re.compile(r"[.~].*|[A-Za-z][A-Za-z0-9+.\-]*:.*|[^/]*", re.DOTALL)


def slashes(it: Spelling) -> Spelling:
    """Keys have no slash at either end; paths have the one in front."""
    kind = scheme(it.namespace)
    if kind in engines.STORES:
        return it._replace(name=it.name.strip("/") or "/")
    if kind not in engines.TREES:
        return it
    name = it.name.rstrip("/") or "/"
    if kind in engines.ROOTED and not _RELATIVE.fullmatch(name) and name[:1] != "/":
        name = f"/{name}"  # a library that knows keys, as fsspec, took it off
    return it._replace(name=name)


def names_a_place(namespace: str) -> bool:
    """
    Whether the namespace alone names what can be read and written, as a bucket does.

    >>> names_a_place("s3://lake"), names_a_place("postgres://db")
    (True, False)
    """
    kind = scheme(namespace).lower()
    return engines.SYNONYMS.get(kind, kind) in engines.STORES | engines.TREES


_TABLE = re.compile(r"\w+(\.\w+)+")


_FILE = re.compile(
    r".*\.(csv|tsv|txt|json|jsonl|ndjson|parquet|avro|orc|arrow|feather|xml|xlsx?|gz|zip|bz2|zst"
    r"|log|dat|db|html|pdf|ya?ml|sql|pkl)",
    re.IGNORECASE,
)


def keys(it: Spelling) -> Spelling:
    """The bucket is the namespace, the key is the name, whole and once."""
    there = url(it.namespace)
    if there is None or there.scheme not in engines.STORES | {"hdfs"}:
        return it
    bucket = f"{there.scheme}://{there.authority}"
    named = url(it.name)
    if named is not None and _same_bucket(named, there):
        return it._replace(namespace=bucket, name=named.tail or "/")
    path = there.tail.strip("/")
    if not path or _is_table(it.name):
        return it
    slash = "/" if there.scheme == "hdfs" else ""
    return it._replace(namespace=bucket, name=f"{slash}{path}/{it.name.strip('/')}")


def _same_bucket(a: Url, b: Url) -> bool:
    kind = engines.SYNONYMS.get(a.scheme.lower(), a.scheme.lower())
    return (kind, a.authority.lower()) == (b.scheme, b.authority)


def _is_table(name: str) -> bool:
    """Whether a name in a folder is a table in a warehouse, as Spark has it, and no file."""
    return bool(_TABLE.fullmatch(name)) and not _FILE.fullmatch(name)


_ESCAPED = re.compile(r"(?:%(?!25|2[Ff]|00)[0-9A-Fa-f]{2})+")


def percent(it: Spelling) -> Spelling:
    """A path that was taken out of a URI has its letters, not their escapes."""
    if "%" not in it.name or not names_a_place(it.namespace):
        return it
    return it._replace(name=_ESCAPED.sub(lambda found: _unescaped(found[0]), it.name))


def _unescaped(text: str) -> str:
    try:
        plain = unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text
    return plain if plain.isprintable() else text


#: Where a pattern begins: `*`, `{a,b}`, `[0-9]`, `?` (not that of a query).
_GLOB = re.compile(r"\*|\{[^{}]*(?:,|\.\.)[^{}]*\}|\[!?\w-\w[^\[\]/]*\]|\?(?!\w+=)")


def globs(it: Spelling) -> Spelling:
    """A pattern means the folder in which its files are."""
    if not names_a_place(it.namespace):
        return it
    found = _GLOB.search(it.name)
    if found is None:
        return it
    folder, slash, _ = it.name[: found.start()].rpartition("/")
    if not slash and scheme(it.namespace) in engines.TREES:
        return it
    pattern = it.name[len(folder) + len(slash) :]
    return it._replace(name=folder or "/", partition=(("files", pattern), *it.partition))


#: What engines write into a table's folder, or beside it while they write.
_TABLE_FILES = re.compile(
    r"(?P<table>.+?)/(?P<part>_(?:delta_log|SUCCESS|temporary|metadata|common_metadata)(?:/.*)?"
    r"|\.(?:hive-staging|spark-staging)[^/]*(?:/.*)?|part-\d{5}[^/]*)",
    re.DOTALL,
)


_PASSING = re.compile(r"(?P<kind>(?:.*/)?\.spark-bigquery-[a-z]+)[-_](?P<run>.+)", re.DOTALL)


def table_files(it: Spelling) -> Spelling:
    """An engine's files in a table's folder are the table; temporary tables of runs are one."""
    if not names_a_place(it.namespace):
        return it
    if found := _PASSING.fullmatch(it.name):
        return it._replace(name=found["kind"], partition=(("run", found["run"]), *it.partition))
    if found := _TABLE_FILES.fullmatch(it.name):
        return it._replace(name=found["table"], partition=(("file", found["part"]), *it.partition))
    return it


def partition_keys(it: Spelling) -> Spelling:
    """`key=value` directories are parts of one dataset."""
    return _cut(it, partitions.keys)


def partition_dates(it: Spelling) -> Spelling:
    """Directories named by a date are parts of one dataset."""
    return _cut(it, partitions.dates)


def _cut(it: Spelling, cut: Callable[[str], tuple[str, Pairs]]) -> Spelling:
    kind = scheme(it.namespace)
    if kind not in engines.STORES and kind not in engines.TREES:
        return it
    name, found = cut(it.name)
    while found:
        it = it._replace(name=name, partition=found + it.partition)
        name, found = cut(it.name)
    return it
