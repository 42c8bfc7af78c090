"""REST answers, the graph's layout and the built page."""
