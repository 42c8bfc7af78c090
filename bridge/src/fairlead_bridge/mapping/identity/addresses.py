"""Rules for namespaces: schemes, drivers, ports, hosts and databases of one place."""

from __future__ import annotations

import re

from fairlead_bridge.mapping.identity import engines
from fairlead_bridge.mapping.identity.spelling import (
    Pairs,
    Spelling,
    Url,
    host_and_port,
    parts,
    scheme,
    url,
)

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
