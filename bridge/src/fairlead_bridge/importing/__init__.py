"""A second door: history that others have kept, read from them and put into the inbox as events."""
