"""
Reading what can be read of an event in which something is of the wrong shape.

Each part stands for itself: one that cannot be understood is left out, with a sentence that says
where it stands and why, and the rest counts. What an event cannot do without is left to the
caller: its time, its run or its job.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import UnionType
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from fairlead_bridge.errors import Malformed, NestedTooDeeply, WrongShape
from fairlead_bridge.mapping import decode
from fairlead_bridge.mapping.decode import Facets, RawDataset, RawEvent, RawJob, RawRun

_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list = msgspec.json.Decoder(list[msgspec.Raw])
_any = msgspec.json.Decoder()

_BRACE, _NULL = b"{n"
_SHAPES = {b"{": "an object", b"[": "a list", b'"': "a string", b"t": "true", b"f": "false"}


class Salvaged(NamedTuple):
    event: RawEvent
    left_out: tuple[str, ...]  # what could not be read: where it stands, and why


def event(body: bytes) -> Salvaged:
    """The event in `body`, without its parts that are odd. Raises Malformed where it is none."""
    try:
        return Salvaged(decode.event(body), ())
    except WrongShape:
        return _Reader().event(_readable(body))


def without_depths(body: bytes) -> Salvaged:
    """As `event`, where something in it is nested more deeply than readers take."""
    whole = f"what is nested more than {decode.DEEPEST} levels deep"
    found = event(decode.shallow(body))
    return found._replace(left_out=(whole, *found.left_out))


def struct(
    kind: type[object], raw: msgspec.Raw, needed: frozenset[str] = frozenset()
) -> tuple[object, tuple[str, ...]]:
    """
    A facet as `kind`, without the fields of another type than they should have, and the names of
    those; (None, ...) where it is no object, or one of the fields `needed` is odd.
    """
    try:
        value = _any.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None, ()
    left_out: list[str] = []
    return _Fields(needed, left_out).struct(kind, value, ""), tuple(left_out)


def odd_facets(facets: Facets | None, where: str) -> list[str]:
    """What is to be said of facets that are neither an object nor null."""
    odd = []
    for name, raw in (facets or {}).items():
        first = memoryview(raw)[0]
        if first != _BRACE and first != _NULL:
            odd.append(f"{where} {name}: {_shape(raw)} instead of an object")
    return odd


def _readable(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        body.decode()
        if b"\\u0000" not in body:
            return _object.decode(body)
    except msgspec.ValidationError as error:
        raise Malformed(f"not an OpenLineage event: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass  # it can be repaired, as it was
    try:
        return _object.decode(decode.repaired(body))
    except NestedTooDeeply as error:
        raise decode.too_deep() from error
    except ValueError as error:
        raise Malformed(f"not JSON: {error}") from error


class _Reader:
    """Reads an event part by part, and lists what it leaves out."""

    def __init__(self) -> None:
        self._left_out: list[str] = []

    def event(self, raw: Mapping[str, msgspec.Raw]) -> Salvaged:
        read = RawEvent(
            eventTime=self._plain(raw.get("eventTime")),
            eventType=self._text(raw.get("eventType"), "eventType"),
            run=self._run(raw.get("run")),
            job=self._job(raw.get("job")),
            dataset=self._dataset(raw.get("dataset"), "dataset"),
            inputs=self._datasets(raw.get("inputs"), "inputs"),
            outputs=self._datasets(raw.get("outputs"), "outputs"),
        )
        return Salvaged(read, tuple(self._left_out))

    def _run(self, raw: msgspec.Raw | None) -> RawRun | None:
        if _is_null(raw):
            return None
        found = self._required(raw, "run")
        run_id = self._plain(found.get("runId"))
        if run_id is not None and not isinstance(run_id, str):
            raise Malformed(f"run.runId is {_shape(found['runId'])} instead of a string")
        return RawRun(runId=run_id, facets=self._facets(found.get("facets"), "run.facets"))

    def _job(self, raw: msgspec.Raw | None) -> RawJob | None:
        if _is_null(raw):
            return None
        found = self._required(raw, "job")
        names = {}
        for key in ("namespace", "name"):
            names[key] = self._plain(found.get(key))
            if names[key] is not None and not isinstance(names[key], str):
                raise Malformed(f"job.{key} is {_shape(found[key])} instead of a string")
        return RawJob(**names, facets=self._facets(found.get("facets"), "job.facets"))

    @staticmethod
    def _required(raw: msgspec.Raw | None, where: str) -> dict[str, msgspec.Raw]:
        try:
            return _object.decode(raw or b"")
        except msgspec.DecodeError as error:
            raise Malformed(f"{where} is {_shape(raw)} instead of an object") from error

    def _datasets(self, raw: msgspec.Raw | None, where: str) -> list[RawDataset]:
        if _is_null(raw):
            return []
        try:
            items = _list.decode(raw or b"")
        except msgspec.DecodeError:
            self._leave_out(where, raw, "a list")
            return []
        found = [self._dataset(item, f"{where}[{at}]") for at, item in enumerate(items)]
        return [dataset for dataset in found if dataset is not None]

    def _dataset(self, raw: msgspec.Raw | None, where: str) -> RawDataset | None:
        if raw is None or (_is_null(raw) and where == "dataset"):
            return None
        try:
            found = _object.decode(raw)
        except msgspec.DecodeError:
            self._leave_out(where, raw, "an object")
            return None
        names = {}
        for key in ("namespace", "name"):
            names[key] = self._plain(found.get(key))
            if names[key] is not None and not isinstance(names[key], str):
                self._leave_out(f"{where}.{key}", found[key], "a string")
                return None
        facets, own, written = (
            self._facets(found.get(key), f"{where}.{key}")
            for key in ("facets", "inputFacets", "outputFacets")
        )
        return RawDataset(**names, facets=facets, inputFacets=own, outputFacets=written)

    def _facets(self, raw: msgspec.Raw | None, where: str) -> Facets | None:
        if _is_null(raw):
            return None
        try:
            return _object.decode(raw or b"")
        except msgspec.DecodeError:
            self._leave_out(where, raw, "an object")
            return None

    def _text(self, raw: msgspec.Raw | None, where: str) -> str | None:
        value = self._plain(raw)
        if value is None or isinstance(value, str):
            return value
        self._leave_out(where, raw, "a string")
        return None

    @staticmethod
    def _plain(raw: msgspec.Raw | None) -> Any:
        if raw is None:
            return None
        try:
            return _any.decode(raw)
        except msgspec.DecodeError:  # a number too large
            return _any.decode(decode.repaired(bytes(raw)))

    def _leave_out(self, where: str, raw: msgspec.Raw | None, wanted: str) -> None:
        self._left_out.append(f"{where}: {_shape(raw)} instead of {wanted}")


def _is_null(raw: msgspec.Raw | None) -> bool:
    return raw is None or bytes(raw) == b"null"


def _shape(raw: msgspec.Raw | None) -> str:
    body = b"" if raw is None else bytes(raw)
    return "null" if body == b"null" else _SHAPES.get(body[:1], "a number")


class _Fields:
    """Reads structs field by field."""

    def __init__(self, needed: frozenset[str], left_out: list[str]) -> None:
        self._needed = needed
        self._left_out = left_out

    def struct(self, kind: Any, value: object, where: str) -> object:
        if not isinstance(value, dict):
            return None
        found = {}
        for name in _types(kind).keys() & value.keys():
            read = self._field(_types(kind)[name], value[name], f"{where}{name}")
            if read is not None:
                found[name] = read[0]
            elif name in self._needed:
                return None
        try:
            return kind(**found)
        except TypeError:  # it lacks what it cannot do without
            return None

    def _field(self, type_: object, value: object, where: str) -> tuple[object] | None:
        """What can be read of a field, in a tuple; None where that is nothing."""
        try:
            return (msgspec.convert(value, type_),)
        except msgspec.ValidationError:
            inner = _struct_in(type_)
        if inner is not None and isinstance(value, dict):
            whole = self.struct(inner, value, f"{where}.")
            return None if whole is None else (whole,)
        self._left_out.append(where)
        if get_origin(type_) is list and isinstance(value, list):
            each = _struct_in(get_args(type_)[0])
            read = [self.struct(each, item, f"{where}.") for item in value]
            return ([item for item in read if item is not None],)
        if (values := _values_of(type_)) is not None and isinstance(value, dict):
            return ({key: item for key, item in value.items() if _is_a(values, item)},)
        return None


@cache
def _types(kind: object) -> dict[str, object]:
    return get_type_hints(kind, include_extras=True)


def _values_of(type_: object) -> object:
    """The type of the values where a field is a mapping, or none."""
    kinds = get_args(type_) if isinstance(type_, UnionType) else (type_,)
    return next((get_args(each)[1] for each in kinds if get_origin(each) is dict), None)


def _is_a(type_: object, value: object) -> bool:
    try:
        msgspec.convert(value, type_)
    except msgspec.ValidationError:
        return False
    return True


def _struct_in(type_: object) -> object:
    """The struct of a field's type, `S` or `S | None`."""
    kinds = get_args(type_) if isinstance(type_, UnionType) else (type_,)
    return next((k for k in kinds if isinstance(k, type) and issubclass(k, msgspec.Struct)), None)
