"""The catalog's name of a dataset that an author, an asset or a hook names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from fairlead_airflow import compat
from fairlead_airflow.compat.objects import Context
from fairlead_sdk.datasets import Identity, of_asset

Named = object
"""A URI, a path, `(namespace, name)`, an Airflow asset, or a dataset of OpenLineage."""


_LOCATED = re.compile(r"/|[A-Za-z][A-Za-z0-9+.-]*:(?!/*$)\S")
"""How an absolute path or a URI begins."""


def identity(dataset: Named) -> Identity:
    """What the catalog calls it. ValueError where it is no dataset.

    A word alone is none: it may be a typing error, or a table of an unknown database.
    """
    if isinstance(dataset, list | tuple):
        if len(dataset) == 2 and all(isinstance(part, str) and part for part in dataset):
            return Identity(*dataset)
    elif isinstance(dataset, str):
        text = dataset.strip()
        if _LOCATED.match(text) and (found := identity_of(_asset(text))) is not None:
            return found
    elif (found := identity_of(dataset)) is not None:
        return found
    raise ValueError(
        f"{dataset!r} names no dataset: write a URI, an absolute path, (namespace, name), or an Asset"
    )


def check(dataset: Named) -> None:
    """ValueError for what a DAG's author wrote and what is no dataset, while the DAG is parsed.

    A template or another task's output says only at run time what it is, and Airflow's own objects are
    what they are.
    """
    parts = dataset if isinstance(dataset, list | tuple) else (dataset,)
    texts = all(part is None or isinstance(part, str | int | float) for part in parts)
    if texts and not any("{{" in str(part) or "{%" in str(part) for part in parts):
        identity(dataset)


def identity_of(item: Any, context: Context = None) -> Identity | None:
    """The dataset that an asset is, whatever its scheme; None for what is no dataset.

    The provider that knows the scheme is asked first, so that the name is the one that its operators
    and hooks use.
    """
    if hasattr(item, "namespace") and hasattr(item, "name"):  # an OpenLineage dataset, as it is
        return Identity(item.namespace, item.name)
    if not hasattr(item, "uri"):  # an alias, which stands for nothing until it is resolved
        return None
    from airflow.providers.openlineage.utils.utils import translate_airflow_asset

    translated = translate_airflow_asset(item, context)
    if translated is not None:
        return Identity(translated.namespace, translated.name)
    return of_asset(item.uri, getattr(item, "name", None))


def to_openlineage(asset: object, context: object = None) -> object:
    """The converter that Airflow calls for assets of the schemes that no other provider knows."""
    from openlineage.client.event_v2 import Dataset

    identity = of_asset(getattr(asset, "uri", None), getattr(asset, "name", None))
    return Dataset(*identity) if identity else None


@dataclass
class _Uri:
    """What Airflow's own class for assets would refuse to hold, or would spell differently."""

    uri: str
    name: str


def _asset(uri: str) -> Any:
    """As an asset, so that the provider of its scheme may say what it is called."""
    if "://" in uri:
        try:
            return compat.sdk("Asset")(uri)
        except ValueError:
            pass
    return _Uri(uri, uri)
