"""Delivery of catalog entries to sinks: what the outbox holds is read, rendered, sent, and its outcome recorded."""
