"""
The background work of `serve`: absorbing, delivering and chores, in a process of its own.

The web process and this one share nothing but the database and two pipes: one wakes the worker
(and its closing ends it, however the web process died), one brings the worker's metrics back.
A process of its own, since absorbing keeps a core busy and would make requests wait.
"""
