"""Answers computed from what queries read: pure functions, no database, no clock."""
