"""The audit log: written for every change, read by admins."""
