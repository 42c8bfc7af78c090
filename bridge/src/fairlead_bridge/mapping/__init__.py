"""Room 2. Pure: an event's bytes in, a Change out. Nothing here touches the world."""
