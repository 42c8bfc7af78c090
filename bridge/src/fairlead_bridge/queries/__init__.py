"""Reads of the catalog as of a moment."""
