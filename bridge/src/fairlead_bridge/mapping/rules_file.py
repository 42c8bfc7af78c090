"""
The user's own rules of identity, from a TOML file: they have the last word.

    off = ["bigquery_shards"]        # rules of ours that do not suit
    on = ["mariadb"]                 # rules of ours that are off by default

    [[host]]                         # one server under many names
    from = ["db1.corp", "10.0.0.5", "db-old.corp:5433"]
    to = "db.corp"

    [[namespace]]                    # a whole namespace, by pattern
    match = 'postgres://replica-\\d+\\.corp:5432'
    to = 'postgres://db.corp:5432'

    [[name]]                         # names in some namespaces, by pattern
    namespace = 's3://lake'
    match = '(.*)/v\\d+'
    to = '\\1'

    [[alias]]                        # this dataset is that one
    from = { namespace = "hive://metastore:9083", name = "shop.orders" }
    to = { namespace = "s3://lake", name = "shop/orders" }

Patterns are regular expressions and must match the whole; they see names that our rules are
through with.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable

import msgspec

from fairlead_bridge.errors import BadSettings
from fairlead_bridge.mapping.identity import Identity, Normaliser, Rule, Spelling
from fairlead_bridge.mapping.identity.spelling import host_and_port, url


class _Place(msgspec.Struct, forbid_unknown_fields=True):
    namespace: str
    name: str


class _Host(msgspec.Struct, forbid_unknown_fields=True, rename={"sources": "from"}):
    sources: list[str]
    to: str
    scheme: str | None = None  # any, if not given


class _Namespace(msgspec.Struct, forbid_unknown_fields=True):
    match: str
    to: str


class _Name(msgspec.Struct, forbid_unknown_fields=True):
    match: str
    to: str
    namespace: str = ".*"


class _Alias(msgspec.Struct, forbid_unknown_fields=True, rename={"source": "from"}):
    source: _Place
    to: _Place


class _File(msgspec.Struct, forbid_unknown_fields=True):
    off: list[str] = []
    on: list[str] = []
    host: list[_Host] = []
    namespace: list[_Namespace] = []
    name: list[_Name] = []
    alias: list[_Alias] = []


def normaliser(text: str) -> Normaliser:
    """
    The normaliser that the file's `text` asks for.

    Raises BadSettings with the place and the reason where it is no such file.
    """
    file = _parsed(text)
    ours = Normaliser(file.off, file.on)
    rules = (
        *(_host_rule(each) for each in file.host),
        *(_namespace_rule(each) for each in file.namespace),
        *(_name_rule(each) for each in file.name),
        *((_alias_rule(file.alias, ours),) if file.alias else ()),
    )
    return Normaliser(file.off, file.on, rules)


def _parsed(text: str) -> _File:
    try:
        return msgspec.convert(tomllib.loads(text), _File)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BadSettings(f"the file of identity rules cannot be read: {error}") from error


def _host_rule(rule: _Host) -> Rule:
    """A host with its port means that port; without, every port, which then stays."""
    sources = {source.strip().lower() for source in rule.sources}
    target, target_port = host_and_port(rule.to.strip().lower())

    def moved(address: str) -> str:
        host, port = host_and_port(address)
        if address not in sources and host not in sources:
            return address
        chosen = target_port if target_port is not None else port
        return f"{target}:{chosen}" if chosen else target

    def apply(it: Spelling) -> Spelling:
        there = url(it.namespace)
        if there is None or rule.scheme not in (None, there.scheme):
            return it
        user, at, _ = there.authority.rpartition("@")
        hosts = there.authority.removeprefix(user + at).split(",")
        authority = user + at + ",".join(dict.fromkeys(moved(host) for host in hosts))
        return it._replace(namespace=str(there._replace(authority=authority)))

    return Rule(f"host {rule.to}", True, apply)


def _namespace_rule(rule: _Namespace) -> Rule:
    change = _changer("namespace", rule.match, rule.to)
    return Rule(
        f"namespace {rule.match}",
        True,
        lambda it: it._replace(namespace=change(it.namespace)),
    )


def _name_rule(rule: _Name) -> Rule:
    change = _changer("name", rule.match, rule.to)
    where = _pattern("name", rule.namespace)

    def apply(it: Spelling) -> Spelling:
        if not where.fullmatch(it.namespace):
            return it
        return it._replace(name=change(it.name) or it.name)

    return Rule(f"name {rule.match}", True, apply)


def _alias_rule(aliases: list[_Alias], ours: Normaliser) -> Rule:
    """Aliases are found under any spelling that our rules know to be the same."""
    targets: dict[tuple[str, str], Identity] = {}
    for alias in aliases:
        source = ours(alias.source.namespace, alias.source.name)
        target = ours(alias.to.namespace, alias.to.name)
        if _key(source) != _key(target):
            targets[_key(source)] = target
    _refuse_circles(targets)

    def apply(it: Spelling) -> Spelling:
        target = targets.get(_key(ours(it.namespace, it.name)))
        return it._replace(namespace=target.namespace, name=target.name) if target else it

    return Rule("alias", True, apply)


def _key(identity: Identity) -> tuple[str, str]:
    return identity.namespace, identity.key


def _refuse_circles(targets: dict[tuple[str, str], Identity]) -> None:
    for start in targets:
        seen, here = {start}, targets[start]
        while (key := _key(here)) in targets:
            if key in seen:
                raise BadSettings(
                    f"identity rule [[alias]]: {here.name!r} in {here.namespace!r} comes back to "
                    "itself; the name that should stay must not be a `from`"
                )
            seen.add(key)
            here = targets[key]


def _changer(kind: str, match: str, to: str) -> Callable[[str], str]:
    pattern = _pattern(kind, match)
    try:
        pattern.sub(to, "")  # a result that names groups the pattern lacks is refused here
    except (re.error, IndexError) as error:
        raise BadSettings(f"identity rule [[{kind}]] to = {to!r}: {error}") from error

    def change(text: str) -> str:
        found = pattern.fullmatch(text)
        return found.expand(to) if found else text

    return change


def _pattern(kind: str, match: str) -> re.Pattern[str]:
    try:
        return re.compile(match)
    except re.error as error:
        raise BadSettings(f"identity rule [[{kind}]] match = {match!r}: {error}") from error
