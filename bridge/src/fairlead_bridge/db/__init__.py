"""Where rows live: the tables, the engine and the migrations."""
