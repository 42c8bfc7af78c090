"""Entry points for events: store the bytes unread, and answer when they are durable."""
