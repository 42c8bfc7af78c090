"""Personal data over REST: the answer, field by field."""

from __future__ import annotations

from fairlead_bridge.queries.personal import Kind
from fairlead_bridge.web.base import Answer
from fairlead_bridge.web.nouns import DatasetRef, Owner, Tag


class PersonalColumn(Answer):
    """A column with personal data; `column` is "*" where a whole dataset is tagged."""

    dataset: DatasetRef
    column: str
    kind: Kind  # tagged: a tag says so; reached: by column lineage, without a tag; masked
    tags: list[Tag]  # of the column
    owners: list[Owner]  # of the dataset
