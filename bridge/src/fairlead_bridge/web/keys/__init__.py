"""API keys over REST, for admins."""
