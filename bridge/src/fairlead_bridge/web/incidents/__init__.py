"""Incidents and maintenance windows over REST."""
