"""Room 3. What is known about assets, runs and how they hang together."""
