"""
What a catalog calls the datasets that OpenLineage names: a list of rules, the first that fits.

    [[naming]]
    namespace = "postgres://sales.example.com:5432"
    platform = "postgres"
    connection = "default/postgres/1699000000"   # Atlan
    service = "pg_prod"                          # OpenMetadata
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from fairlead_bridge.entries import DatasetRef


class Rule(BaseModel):
    """What datasets of a namespace are called elsewhere."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    namespace: str = Field(description="a shell pattern of OpenLineage namespaces")
    platform: str | None = Field(default=None, description='DataHub\'s, as "postgres"')
    instance: str | None = Field(default=None, description="DataHub's platform instance")
    env: str | None = Field(default=None, description='DataHub\'s, as "PROD"')
    service: str | None = Field(default=None, description="OpenMetadata's database service")
    connection: str | None = Field(
        default=None, description="Atlan's qualified name of the connection"
    )
    type: str | None = Field(default=None, description='Atlan\'s type of asset, as "Table"')
    case: Literal["as_is", "lower", "upper"] = "as_is"
    name: str | None = Field(
        default=None,
        description="a regular expression the name must match whole; its groups make `to`",
    )
    to: str | None = Field(default=None, description=r'the name elsewhere, as "shop.\1"')
    skip: bool = Field(default=False, description="say nothing of these datasets")

    def fits(self, dataset: DatasetRef) -> bool:
        if not fnmatchcase(dataset.namespace, self.namespace):
            return False
        return self.name is None or re.fullmatch(self.name, dataset.name) is not None

    def renamed(self, name: str) -> str:
        """The dataset's name as this rule writes it."""
        if self.to is not None:
            name = re.sub(f"^(?:{self.name or '(.*)'})$", self.to, name, count=1)
        if self.case == "as_is":
            return name
        return name.lower() if self.case == "lower" else name.upper()


_NOTHING = Rule(namespace="*")


@dataclass(frozen=True, slots=True)
class Named:
    """A dataset under the rule that fits it; `rule` is an empty one where none does."""

    dataset: DatasetRef
    name: str
    rule: Rule
    ruled: bool


class Naming:
    """The rules of one sink."""

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        self._rules = tuple(rules)

    def __call__(self, dataset: DatasetRef) -> Named | None:
        """None where a rule says to skip the dataset."""
        for rule in self._rules:
            if rule.fits(dataset):
                return None if rule.skip else Named(dataset, rule.renamed(dataset.name), rule, True)
        return Named(dataset, dataset.name, _NOTHING, False)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a dry run found: a dataset the catalog will not know, or two that become one."""

    dataset: DatasetRef
    what: str


def conflicts(named: Iterable[tuple[DatasetRef, str | None]]) -> list[Trouble]:
    """
    Datasets without a name in the catalog, and those that share one with another.

    `named` has each dataset with what the sink calls it, None where it does not know.
    """
    first: dict[str, DatasetRef] = {}
    found: list[Trouble] = []
    for dataset, name in named:
        if name is None:
            found.append(Trouble(dataset, "no rule of the naming map says what it is called there"))
        elif name in first:
            other = first[name]
            found.append(
                Trouble(dataset, f"becomes {name}, as does {other.namespace} {other.name}")
            )
        else:
            first[name] = dataset
    return found
