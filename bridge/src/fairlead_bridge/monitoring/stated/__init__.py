"""Expectations that people and files state: read, stored and removed."""
