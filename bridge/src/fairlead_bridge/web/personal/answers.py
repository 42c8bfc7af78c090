"""Personal data over REST: the answer, field by field."""

from __future__ import annotations

from fairlead_bridge.queries.personal import Kind, KindOfAny
from fairlead_bridge.web.base import Answer
from fairlead_bridge.web.nouns import DatasetRef, Owner, Tag


class PersonalColumn(Answer):
    """
    A column with personal data; `column` is "*" where a whole dataset is tagged.

    `unknown`, of "*": a job that reads personal data writes the dataset, and did not say what it makes
    of which columns, or its values may come from such a dataset.
    """

    dataset: DatasetRef
    column: str
    kind: KindOfAny  # tagged: a tag says so; reached: by column lineage, without a tag; masked; unknown
    tags: list[Tag]  # of the column
    owners: list[Owner]  # of the dataset
    source: DatasetRef | None  # of what is unknown: the dataset that it may come from


class SuggestedColumn(Answer):
    """A column whose name suggests personal data; people confirm it or say that it has none."""

    dataset: DatasetRef
    column: str
    type: str | None
    tag: str  # that is declared of it if it is confirmed
    kind: Kind | None  # what column lineage says of it; null: nothing


class Confirmation(Answer):
    """What a person says of a column."""

    dataset: str  # a node, dataset:NAMESPACE:NAME, or an id
    column: str
    personal: bool | None  # null withdraws what was confirmed before
    tag: str = "pii"


class Confirmed(Answer):
    dataset: DatasetRef
    column: str  # as the dataset's schema spells it
    personal: bool | None
    tag: str
    by: str
