"""Applies the rules of identity until the name no longer changes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

from fairlead_bridge import masking
from fairlead_bridge.errors import BadSettings, Malformed
from fairlead_bridge.mapping.identity.rules import FOLD, RULES, Rule, fold
from fairlead_bridge.mapping.identity.spelling import Pairs, Spelling

_ROUNDS = 64
_REMEMBERED = 1 << 16


class Identity(NamedTuple):
    """
    A dataset: equal (namespace, key) is the same one.

    `name` is how people write it, `key` how its engine compares it: `DB.S.T` and `db.s.t` in
    Snowflake have one key.
    """

    namespace: str
    name: str
    key: str
    #: What was cut off the name, outermost first: (("dt", "2026-11-01"), ("h", "3")).
    partition: Pairs = ()
    #: Namespaces and names that mean the same dataset: the topic under each broker alone.
    also: Pairs = ()
    #: The rules that changed something.
    rules: tuple[str, ...] = ()


class Normaliser:
    """
    Calls itself with the namespace and the name that an event says; built once, remembers answers.

    `enabled` and `disabled` name rules whose default does not suit; `user_rules` run after ours.
    """

    def __init__(
        self,
        disabled: Collection[str] = (),
        enabled: Collection[str] = (),
        user_rules: Sequence[Rule] = (),
    ) -> None:
        _known_rules(disabled, enabled)
        self._rules = (
            *(
                rule
                for rule in RULES
                if (rule.on or rule.name in enabled) and rule.name not in disabled
            ),
            *user_rules,
        )
        self._folds = FOLD not in disabled
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._identity)

    def __call__(self, namespace: str, name: str) -> Identity:
        """Raises Malformed where the user's rules go round in circles or never end."""
        return self._remembered(namespace, name)

    def _identity(self, namespace: str, name: str) -> Identity:
        it, applied = self._converged(Spelling(namespace, name))
        key = fold(it.namespace, it.name) if self._folds else it.name
        return Identity(it.namespace, it.name, key, it.partition, it.also, applied)

    def _converged(self, it: Spelling) -> tuple[Spelling, tuple[str, ...]]:
        applied: dict[str, None] = {}
        for _ in range(_ROUNDS):
            before = it
            for rule in self._rules:
                after = rule.apply(it)
                if after != it:
                    applied[rule.name] = None
                    it = after
            if it == before:
                return it, tuple(applied)
        raise Malformed(
            f"the identity rules {', '.join(applied)} do not converge on a name for {it.name!r} in "
            f"{masking.urls(it.namespace)!r}; a rule must leave its own results alone"
        )


def _known_rules(disabled: Collection[str], enabled: Collection[str]) -> None:
    known = {rule.name for rule in RULES} | {FOLD}
    for name in (*disabled, *enabled):
        if name not in known:
            raise BadSettings(
                f"there is no identity rule {name!r}; there are: {', '.join(sorted(known))}"
            )
