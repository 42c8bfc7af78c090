"""Forgetting datasets, jobs and namespaces: what goes and what stays, and doing it."""
