"""
The rules, in the order they run: a name, whether it is on, and a function from spelling to spelling.

Each has a page of before and after in tests/bridge/identity; docs/reference/identity.md says what
they are for. A rule that has nothing to say returns what it was given.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import unquote

from fairlead_bridge.letters import FOLDING
from fairlead_bridge.mapping.identity import engines, partitions
from fairlead_bridge.mapping.identity.spelling import (
    Pairs,
    Spelling,
    Url,
    host_and_port,
    parts,
    scheme,
    url,
)


class Rule(NamedTuple):
    name: str
    on: bool  # unless a setting says otherwise
    apply: Callable[[Spelling], Spelling]


#: What stands before a broker's address in Kafka's own settings: `SASL_SSL://b1:9092`.
_LISTENER = re.compile(r"(?:(?<=^kafka://)|(?<=,))\s*[A-Za-z_][\w+\-]*://", re.IGNORECASE)
_ROOT_DOT = re.compile(r"(?<=[a-z0-9])\.(?=(:[^,]*)?(,|$))")


def trim(it: Spelling) -> Spelling:
    """No blanks around; scheme and host in small letters, as they mean the same."""
    namespace, name = _LISTENER.sub("", it.namespace.strip()), it.name.strip() or it.name
    there = url(namespace)
    if there is not None:
        authority = there.authority
        if there.scheme.lower() not in engines.LOCAL_DATABASES:
            authority = _ROOT_DOT.sub("", authority.lower())
        namespace = str(there._replace(scheme=there.scheme.lower(), authority=authority))
    elif namespace.lower() in ("bigquery", "pubsub", "file"):
        namespace = namespace.lower()
    return it._replace(namespace=namespace, name=name)


_DRIVER = re.compile(
    r"""(?P<jdbc>(?:jdbc:)?(?:jtds:)?)
    (?P<scheme>[a-z][a-z0-9]*)
    (?P<drivers>(?::[a-z]+)*):
    (?:(?://)|(?:[^/@:]*/[^@]*)?@(?://)?)
    (?P<rest>.*)""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_TNS = re.compile(r"\(\s*(HOST|PORT|SERVICE_NAME|SID)\s*=\s*([^()\s]+)\s*\)", re.IGNORECASE)
_SID = re.compile(r"(?P<host>[^:/]+:\d+):(?P<sid>\w+)")


def driver(it: Spelling) -> Spelling:
    """JDBC addresses are the address they hold."""
    found = _DRIVER.fullmatch(it.namespace)
    if found is None or not (found["jdbc"] or found["drivers"]):
        return it
    kind, rest = found["scheme"].lower(), found["rest"]
    if not found["jdbc"] and kind not in engines.PARTS.keys() | engines.SYNONYMS.keys():
        return it
    if kind == "oracle":
        rest = _oracle(rest)
    return it._replace(namespace=f"{kind}://{rest}")


def _oracle(address: str) -> str:
    """host:port/service, of a TNS description or of host:port:sid."""
    if address.startswith("("):
        fields = {key.upper(): value for key, value in _TNS.findall(address)}
        service = fields.get("SERVICE_NAME") or fields.get("SID")
        port = f":{fields['PORT']}" if "PORT" in fields else ""
        return f"{fields.get('HOST', '')}{port}{'/' + service if service else ''}"
    found = _SID.match(address)
    return f"{found['host']}/{found['sid']}" if found else address


def synonyms(it: Spelling) -> Spelling:
    """One scheme for one kind of place; the Python driver behind a plus is none of it."""
    there = url(it.namespace)
    if there is None:
        return it
    base = there.scheme.partition("+")[0]
    kind = engines.SYNONYMS.get(base, base)
    if kind not in engines.PARTS and kind not in engines.STORES and base == kind:
        kind = there.scheme  # not one we know: `git+ssh` may mean something
    if base == "sqlserver" and there.authority.partition(":")[0].endswith(".sql.azuresynapse.net"):
        kind = base  # Azure Synapse; the specification distinguishes it
    return it._replace(namespace=str(there._replace(scheme=kind)))


def mariadb(it: Spelling) -> Spelling:
    """MariaDB behind a MySQL driver is reported as MySQL."""
    return _scheme(it, "mariadb", "mysql")


def azure_blob(it: Spelling) -> Spelling:
    """A storage account answers under two addresses."""
    there = url(it.namespace)
    if there is None or there.scheme != "wasbs":
        return it
    authority = re.sub(r"\.blob\.core\.windows\.net$", ".dfs.core.windows.net", there.authority)
    if authority == there.authority:
        return it
    return it._replace(namespace=str(Url("abfss", authority, there.tail)))


def databricks(it: Spelling) -> Spelling:
    """dbt's `databricks://h` and Spark's `unitycatalog://h:443` are one workspace."""
    it = _scheme(it, "databricks", "unitycatalog")
    there = url(it.namespace)
    if there is None or there.scheme != "unitycatalog":
        return it
    return it._replace(
        namespace=str(there._replace(authority=there.authority.removesuffix(":443")))
    )


def _scheme(it: Spelling, before: str, after: str) -> Spelling:
    there = url(it.namespace)
    if there is None or there.scheme != before:
        return it
    return it._replace(namespace=str(there._replace(scheme=after)))


def ports(it: Spelling) -> Spelling:
    """A port that is missing, or that Python or Java wrote without having one, is the usual one."""
    there = url(it.namespace)
    if there is None or there.scheme in engines.LOCAL_DATABASES or not there.authority:
        return it
    if there.scheme == "databricks":
        return it._replace(
            namespace=str(there._replace(authority=there.authority.removesuffix(":443")))
        )
    usual = engines.PORTS.get(there.scheme)
    credentials, at, hosts = there.authority.rpartition("@")
    fixed = ",".join(_with_port(host, usual) for host in hosts.split(","))
    return it._replace(namespace=str(there._replace(authority=credentials + at + fixed)))


def _with_port(address: str, usual: str | None) -> str:
    host, port = host_and_port(address)
    if port is not None and port.lower() not in ("", "none", "null", "nan", "undefined", "0", "-1"):
        return address
    if usual is None or "\\" in host:  # SQL Server looks a named instance's port up
        return host
    return f"{host}:{usual}" if host else host


_DATABASE = re.compile(r";\s*database(?:name)?\s*=\s*([^;]+)", re.IGNORECASE)


def bare(it: Spelling) -> Spelling:
    """Who connects, and with which options, is no part of where it is."""
    there = url(it.namespace)
    if there is None:
        return it
    authority, tail = there.authority, there.tail
    if there.scheme not in engines.WITH_CONTAINER:
        authority = authority.rpartition("@")[2]
    elif authority.count("@") > 1 or ":" in authority.rpartition("@")[0]:
        before, _, host = authority.rpartition("@")
        authority = f"{before.rpartition('@')[2].partition(':')[0]}@{host}"
    if there.scheme not in ("http", "https"):  # there a query may distinguish two
        found = _DATABASE.search(tail)
        tail = re.split(r"[?#;]", tail, maxsplit=1)[0]
        if found and not tail.strip("/"):
            tail = f"/{found[1].strip()}"
    tail = tail.rstrip("/") if authority or tail.strip("/") else tail
    return it._replace(namespace=str(Url(there.scheme, authority, tail)))


def database(it: Spelling) -> Spelling:
    """A database in the address belongs into the table's name; a name that is whole stays."""
    there = url(it.namespace)
    if there is None:
        return it
    whole = engines.PARTS.get(there.scheme)
    path = [each for each in there.tail.split("/") if each]
    if there.scheme == "bigquery":
        path = [each for each in (there.authority, *path) if each]
        namespace = "bigquery"
    else:
        namespace = f"{there.scheme}://{there.authority}"
    if whole is None or (not path and namespace == it.namespace):
        return it
    return it._replace(namespace=namespace, name=_qualified(path, it.name, whole))


def no_database(it: Spelling) -> Spelling:
    """A program without a database or schema writes None."""
    if "None" not in it.name and "null" not in it.name:
        return it
    if scheme(it.namespace).partition("+")[0] not in engines.QUOTING | engines.SYNONYMS.keys():
        return it
    *before, table = parts(it.name)
    present = [part for part in before if part not in ("None", "null")]
    return it._replace(name=".".join([*present, table]))


def _qualified(path: list[str], name: str, whole: int) -> str:
    own = parts(name)
    if len(own) >= whole:
        return name
    for shared in range(min(len(path), len(own) - 1), 0, -1):
        if len(path) + len(own) - shared >= whole and path[-shared:] == own[:shared]:
            return ".".join([*path[:-shared], *own])
    return ".".join([*path, *own])


_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d+")


def snowflake(it: Spelling) -> Spelling:
    """The account alone, with the cloud where a region is given."""
    there = url(it.namespace)
    if there is None or there.scheme != "snowflake":
        return it
    host = host_and_port(there.authority)[0]
    account = re.sub(r"\.snowflakecomputing\.(com|cn)$", "", host)
    labels = [label for label in account.split(".") if label != "privatelink"]
    if len(labels) == 2 and _REGION.fullmatch(labels[1]):
        labels.append("aws")  # the only cloud that Snowflake lets people leave out
    return it._replace(namespace=str(there._replace(authority=".".join(labels))))


_REDSHIFT = re.compile(
    r"(?P<cluster>[^.]+)\.[^.]+\.(?P<region>[^.]+)\.redshift(?:-serverless)?\.amazonaws\.com(?:\.cn)?"
)


def redshift(it: Spelling) -> Spelling:
    """The cluster and its region, as the specification names them."""
    there = url(it.namespace)
    if there is None or there.scheme not in ("redshift", "postgres"):
        return it
    host, port = host_and_port(there.authority)
    found = _REDSHIFT.fullmatch(host)
    if found is None:
        return it
    authority = f"{found['cluster']}.{found['region']}" + (f":{port}" if port else "")
    return it._replace(namespace=str(Url("redshift", authority, there.tail)))


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


def hosts(it: Spelling) -> Spelling:
    """A cluster is the set of its hosts; each of them alone means it too."""
    there = url(it.namespace)
    if there is None or "," not in there.authority:
        return it._replace(also=())
    every = sorted({host.strip() for host in there.hosts if host.strip()})
    also: Pairs = ()
    if len(every) > 1:
        also = tuple((str(there._replace(authority=host)), it.name) for host in every)
    return it._replace(namespace=str(there._replace(authority=",".join(every))), also=also)


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
_PASSING = re.compile(r"(?P<kind>(?:.*/)?\.spark-bigquery-[a-z]+)-(?P<run>.+)", re.DOTALL)


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


_BACKTICKS = re.compile(r"`([^`]+)`")


def quotes(it: Spelling) -> Spelling:
    """Quotes are the query's, not the table's; a part with a dot retains them."""
    kind = scheme(it.namespace)
    if kind not in engines.QUOTING:
        return it
    name = it.name
    if kind == "bigquery":
        name = _BACKTICKS.sub(r"\1", name)
    elif kind in engines.SLASHED and "/" in name:
        name = "/".join(".".join(map(_unquoted, parts(each))) for each in name.split("/"))
    elif name[:1] + name[-1:] in ('""', "``", "[]") or re.search(r'["`\]]\.|\.["`\[]', name):
        name = ".".join(_unquoted(part) for part in parts(name))
    return it._replace(name=name)


def _unquoted(part: str) -> str:
    inner = part[1:-1]
    if part[:1] + part[-1:] not in ('""', "``", "[]") or not inner:
        return part
    return part if set(inner) & set('."`[]') or inner != inner.strip() else inner


def column(namespace: str, name: str) -> str:
    """
    A column's name without the quotes of a query.

    >>> column("snowflake://a", '"amount"'), column("s3://lake", '"amount"')
    ('amount', '"amount"')
    """
    if not _QUOTES.search(name) or scheme(namespace) not in engines.QUOTING:
        return name
    return ".".join(map(_unquoted, parts(name)))


_QUOTES = re.compile(r'["`\[]')
_SHARD = re.compile(r"(?P<table>.*\w)_(?P<day>\d{8})", re.DOTALL)
_DECORATED = re.compile(r"(?P<table>[^$@]+)(?:\$(?P<partition>\w+)|@-?\d+(?:-(?:-?\d+)?)?)")


def bigquery_shards(it: Spelling) -> Spelling:
    """Tables by day are one, and so are a table and its partition; projects are small letters."""
    if it.namespace != "bigquery":
        return it
    project, dot, rest = it.name.partition(".")
    if "." in rest and project != project.lower() and not _QUOTES.search(project):
        it = it._replace(name=f"{project.lower()}{dot}{rest}")
    decorated = _DECORATED.fullmatch(it.name)
    if decorated:
        partition = decorated["partition"]
        found: Pairs = (("partition", partition),) if partition else ()
        return it._replace(name=decorated["table"], partition=found + it.partition)
    shard = _SHARD.fullmatch(it.name)
    if shard and partitions.is_day(shard["day"]):
        found = (("shard", shard["day"]),)
        return it._replace(name=f"{shard['table']}_*", partition=found + it.partition)
    return it


RULES: tuple[Rule, ...] = (
    Rule("trim", True, trim),
    Rule("driver", True, driver),
    Rule("synonyms", True, synonyms),
    Rule("mariadb", False, mariadb),
    Rule("azure_blob", False, azure_blob),
    Rule("databricks", False, databricks),
    Rule("ports", True, ports),
    Rule("bare", True, bare),
    Rule("no_database", True, no_database),
    Rule("database", True, database),
    Rule("snowflake", True, snowflake),
    Rule("redshift", True, redshift),
    Rule("web_address", True, web_address),
    Rule("file", True, file),
    Rule("local_database", True, local_database),
    Rule("slashes", True, slashes),
    Rule("keys", True, keys),
    Rule("hosts", True, hosts),
    Rule("percent", True, percent),
    Rule("globs", True, globs),
    Rule("partition_keys", True, partition_keys),
    Rule("partition_dates", True, partition_dates),
    Rule("table_files", True, table_files),
    Rule("quotes", True, quotes),
    Rule("bigquery_shards", True, bigquery_shards),
)

#: Not a function on spellings: it makes the key, and leaves the name as people write it.
FOLD = "fold"


def fold(namespace: str, name: str) -> str:
    """The name as its engine compares it."""
    return name.lower() if scheme(namespace) in FOLDING else name
