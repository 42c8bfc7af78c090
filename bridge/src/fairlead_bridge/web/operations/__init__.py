"""Quarantine and deliveries over REST."""
