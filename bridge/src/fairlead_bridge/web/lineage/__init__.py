"""Lineage over REST, and the graph that the page draws."""
