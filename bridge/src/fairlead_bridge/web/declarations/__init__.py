"""Declarations over REST."""
