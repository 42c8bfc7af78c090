"""Forgetting datasets, jobs and namespaces over REST."""
