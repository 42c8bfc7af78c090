"""The build backend of the repository's root: it says which packages can be installed instead."""

from __future__ import annotations

SENTENCE = """\
The root of this repository is not a package. It holds three:
    pip install ./sdk ./provider    # in Airflow's environment
    pip install ./bridge            # the server, in an environment of its own
    pip install ./sdk               # Python outside Airflow
For development, run `make install`."""


def build_wheel(*_: object, **__: object) -> str:
    """Raise `SystemExit` with the folders that hold the packages."""
    raise SystemExit(SENTENCE)


build_sdist = build_editable = build_wheel
get_requires_for_build_wheel = get_requires_for_build_editable = build_wheel
get_requires_for_build_sdist = build_wheel
