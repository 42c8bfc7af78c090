"""Reliability over REST."""
