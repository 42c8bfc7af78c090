"""The bridge: OpenLineage events in, an operational catalog out."""
