"""Home, health of the data, search and namespaces over REST."""
