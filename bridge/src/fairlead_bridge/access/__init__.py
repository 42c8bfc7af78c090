"""Who asks, and what they may do: keys, roles and namespaces. The one place that decides."""
