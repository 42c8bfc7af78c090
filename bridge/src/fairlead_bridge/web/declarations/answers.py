"""Declarations over REST: what is sent and answered, field by field."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from fairlead_bridge.web.base import Answer


class File(Answer):
    name: str = Field(examples=["declared/bi.yaml"])  # its ending says the format
    text: str


class NewDeclarations(Answer):
    """Files that declare datasets and jobs: our own YAML or TOML, ODCS contracts, dbt manifests, BI exports."""

    files: list[File]
    source: str = "files"  # whose they are: `prune` withdraws only what the same source declared
    namespace: str = ""  # of the datasets of contracts and manifests that name none
    prune: bool = False  # withdraw what the source declared before and does not any more
    dry_run: bool = False  # say what would change, and store nothing


class Changes(Answer):
    """What the declarations changed: nodes of datasets and jobs."""

    added: list[str]
    changed: list[str]
    withdrawn: list[str]
    unchanged: int
    stored: bool  # false of a dry run


class Declared(Answer):
    """One dataset or job that is declared."""

    node: str
    source: str
    declared_at: datetime


class Declarations(Answer):
    items: list[Declared]  # by namespace and name
