"""Data contracts, and whether they are kept, over REST."""
