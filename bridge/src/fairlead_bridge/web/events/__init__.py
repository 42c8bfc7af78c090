"""Received events over REST."""
