"""What a task read and wrote: names of datasets, SQL, hook lineage and declared assets."""
