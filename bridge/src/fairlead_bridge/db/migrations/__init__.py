"""
The steps from each released schema to the next, forward only.

A step is a file `NNNN_what_it_does.py` with `revision`, `down_revision` and `upgrade()`, written
with Alembic's `op`. It must leave the database as `tables` describes it; a test compares the two.
"""
