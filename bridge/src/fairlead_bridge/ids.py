"""Ids are hashes of natural keys: any process computes the same one without a look-up."""

from __future__ import annotations

import uuid

import xxhash

_SEPARATOR = "\x1f"
#: Longest name that is stored, in bytes: PostgreSQL's index rows end at 2,704 bytes.
_LONGEST_NAMESPACE, _LONGEST_NAME = 600, 1_800
#: Characters that are no more bytes than either, whatever they are.
_SURELY_SHORT = 150


def _hash(*parts: str) -> int:
    return xxhash.xxh3_64_intdigest(_SEPARATOR.join(parts)) >> 1


def job_id(namespace: str, name: str) -> int:
    return _hash("job", namespace, name)


def dataset_id(namespace: str, name: str) -> int:
    return _hash("dataset", namespace, name)


def namespace_id(namespace: str) -> int:
    return _hash("namespace", namespace)


def run_id(openlineage_run_id: str) -> int:
    """The id of a run that is known by its OpenLineage runId alone."""
    return _hash("run", openlineage_run_id)


def dag_run_id(namespace: str, dag_id: str, dag_run: str) -> int:
    """The id of an Airflow DAG run; `dag_run` is Airflow's run_id."""
    return _hash("dag_run", namespace, dag_id, dag_run)


def instance_id(dag_run: int, task_id: str, map_index: int) -> int:
    """One id for all tries of a task instance."""
    return _hash("instance", str(dag_run), task_id, str(map_index))


def try_id(instance: int, try_number: int) -> int:
    return _hash("try", str(instance), str(try_number))


def inferred_run_id(run: int) -> str:
    """A runId for a run that sent no event: a UUID (version 8) computed from its id."""
    value = xxhash.xxh3_128_intdigest(f"silent{_SEPARATOR}{run}")
    value = value & ~(0xF << 76) | (8 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return str(uuid.UUID(int=value))


def digest(body: bytes) -> bytes:
    """The 16-byte content key of a facet's or schema's bytes."""
    return xxhash.xxh3_128_digest(body)


def stored_namespace(value: str) -> str:
    """A namespace; of one that is too long the beginning, and a digest of the whole."""
    return value if len(value) < _SURELY_SHORT else shortened(value, _LONGEST_NAMESPACE)


def stored_name(value: str) -> str:
    """A name; of one that is too long the beginning, and a digest of the whole."""
    return value if len(value) < _SURELY_SHORT else shortened(value, _LONGEST_NAME)


def shortened(value: str, longest: int) -> str:
    """The text, or its beginning and a digest of the whole in as many bytes."""
    if len(value) * 4 <= longest:
        return value
    whole = value.encode()
    if len(whole) <= longest:
        return value
    suffix = digest(whole).hex()
    return f"{whole[: longest - len(suffix) - 1].decode('utf-8', 'ignore')}#{suffix}"


def public(number: int) -> str:
    """An id as the REST API shows it: 16 hexadecimal digits."""
    return f"{number:016x}"


def parse_public(text: str) -> int:
    """The id behind a public one. Raises ValueError where `text` is none."""
    if len(text) != 16:
        raise ValueError(f"an id has 16 hexadecimal digits: {text!r}")
    return int(text, 16)
