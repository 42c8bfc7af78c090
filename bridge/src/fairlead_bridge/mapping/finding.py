"""Finding a dataset by any spelling of its name, as events do."""

from __future__ import annotations

from collections.abc import Callable

from fairlead_bridge import ids
from fairlead_bridge.errors import Malformed
from fairlead_bridge.mapping import decode
from fairlead_bridge.mapping.identity import Identity


def finder(normalise: Callable[[str, str], Identity]) -> Callable[[str, str], int | None]:
    """What gives the id of the dataset that a namespace and a name mean, if they mean one."""

    def find(namespace: str, name: str) -> int | None:
        try:
            found = normalise(decode.namespace(namespace), decode.name(name))
        except Malformed:
            return None
        return ids.dataset_id(found.namespace, found.key)

    return find
