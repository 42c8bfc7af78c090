"""The doors: keep the bytes, ask nothing, answer when they are durable."""
