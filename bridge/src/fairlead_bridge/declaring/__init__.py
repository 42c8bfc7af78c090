"""What no event tells, declared in files: read, made into OpenLineage events, compared, stored."""
