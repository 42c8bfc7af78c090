"""Reads an event's bytes into a Change. Pure: no database, no network, no clock."""
