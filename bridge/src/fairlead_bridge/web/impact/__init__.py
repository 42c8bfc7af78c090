"""Impact over REST."""
