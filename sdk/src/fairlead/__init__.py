"""Operational lineage from any Python process."""
