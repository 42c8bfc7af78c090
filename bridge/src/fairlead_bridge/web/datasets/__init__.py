"""Datasets over REST."""
