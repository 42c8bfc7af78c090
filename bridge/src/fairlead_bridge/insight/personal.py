"""
Which tags mean personal data, which names of columns suggest it, and where it may be. Pure.

The rules come from the file of `FAIRLEAD_PERSONAL_DATA_FILE`; without one, they are `Rules()`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

Tag = Mapping[str, str | None]

#: Words of a tag's key or value that say that there is none.
NOT = frozenset({"no", "non", "none", "not", "false", "0"})


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Shell patterns of names of columns, in lower case, and the tag that they suggest."""

    columns: tuple[str, ...]
    tag: str = "pii"


@dataclass(frozen=True, slots=True)
class Policy:
    """
    What is notified: personal data that reaches a column that is neither masked nor tagged
    (`unmasked`), and personal data in a dataset whose node matches none of `systems`, if there are any.
    """

    unmasked: bool = True
    systems: tuple[str, ...] = ()

    def allows(self, node: str) -> bool:
        """
        Whether personal data may be in the dataset.

        >>> Policy(systems=("dataset:postgres://crm*",)).allows("dataset:s3://lake:raw")
        False
        """
        return not self.systems or any(fnmatchcase(node, each) for each in self.systems)


#: Parts of names by which people usually call columns with personal data.
SUGGESTIONS = (
    Suggestion(
        (
            *("*email*", "e_mail", "*_mail", "mail", "phone*", "*_phone*", "mobile*", "fax"),
            *(
                "first_name",
                "last_name",
                "full_name",
                "surname",
                "given_name",
                "birth*",
                "*_birth*",
            ),
            *("dob", "ssn", "*_ssn", "passport*", "iban", "*_iban", "credit_card*", "card_number"),
            *(
                "street*",
                "*_street",
                "postcode",
                "zip_code",
                "*ip_address*",
                "tax_id",
                "national_id",
            ),
        )
    ),
)


@dataclass(frozen=True, slots=True)
class Rules:
    """`tags` are words of tags' keys or values, or KEY=VALUE for that tag alone."""

    tags: tuple[str, ...] = ("pii", "phi", "personal", "gdpr")
    suggestions: tuple[Suggestion, ...] = SUGGESTIONS
    policy: Policy | None = None

    def is_personal(self, tag: Tag) -> bool:
        """
        Whether a tag says that something is personal data, in any of the usual spellings.

        >>> rules = Rules(("pii", "personal", "classification=restricted"))
        >>> keys = ("PII", "pii.email", "data-class: personal", "gold")
        >>> [rules.is_personal({"key": key}) for key in keys]
        [True, True, True, False]
        >>> [rules.is_personal({"key": "pii", "value": "false"}), rules.is_personal({"key": "PII.None"})]
        [False, False]
        >>> rules.is_personal({"key": "classification", "value": "restricted"})
        True
        >>> rules.is_personal({"key": "classification", "value": "public"})
        False
        """
        key, value = (tag.get("key") or "").lower(), (tag.get("value") or "").lower()
        if f"{key}={value}" in self.tags:
            return True
        words = set(re.findall(r"[a-z0-9]+", f"{key} {value}"))
        return not words.isdisjoint(self.tags) and words.isdisjoint(NOT)

    def suggested(self, column: str) -> str | None:
        """
        The tag that the name of a column suggests.

        >>> Rules().suggested("customer_Email"), Rules().suggested("address.street"), Rules().suggested("id")
        ('pii', 'pii', None)
        """
        name = column.rpartition(".")[2].lower()
        for each in self.suggestions:
            if any(fnmatchcase(name, pattern) for pattern in each.columns):
                return each.tag
        return None


#: The rules where no file says others.
USUAL = Rules()


def columns(rules: Rules, tags: Iterable[Tag], whole: str) -> list[str]:
    """The columns that tags call personal, `whole` where it is the dataset; sorted."""
    return sorted({tag.get("field") or whole for tag in tags if rules.is_personal(tag)})
