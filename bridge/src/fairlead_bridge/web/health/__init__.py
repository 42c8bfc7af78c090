"""Health of the bridge."""
