"""Expectations over REST."""
