"""What changed or came due is evaluated; incidents open, change and resolve."""
