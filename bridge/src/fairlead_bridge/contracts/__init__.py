"""Data contracts of the Open Data Contract Standard: where their tables are, and what they promise."""
