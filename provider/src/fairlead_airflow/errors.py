"""
The errors that the provider raises on purpose. What goes wrong between Airflow and the bridge is an
error of the SDK, `fairlead_sdk.FairleadError`, and no error of lineage reaches a task.

    Unsafe   a change of a dataset would break something downstream
"""

from __future__ import annotations


class Unsafe(Exception):
    """The change would break something; the text says what, and whose it is."""
