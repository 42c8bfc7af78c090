"""Outlook and root cause over REST."""
