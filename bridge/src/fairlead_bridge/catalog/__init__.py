"""The write model: merges facts about jobs, runs, datasets and edges into rows."""
