"""Signing in and out: a key becomes the session of a browser."""
