"""Personal data over REST and as CSV."""
