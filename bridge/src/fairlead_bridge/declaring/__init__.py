"""What no event reports, declared in files: read, made into OpenLineage events, compared, stored."""
