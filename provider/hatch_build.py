"""Pins the SDK to the provider's own version: the wheels are released together."""

from __future__ import annotations

from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class PinnedSdk(MetadataHookInterface):
    def update(self, metadata: dict[str, Any]) -> None:
        """Set `dependencies`, with the version in place of `{version}`."""
        wanted: list[str] = self.config["dependencies"]
        metadata["dependencies"] = [each.format(version=metadata["version"]) for each in wanted]
