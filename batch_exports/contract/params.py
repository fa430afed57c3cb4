"""Reads parameters: texts from paths, queries and headers become the values that their schemas declare."""

import keyword
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from batch_exports.contract.checks import Checks
from batch_exports.contract.errors import ApiError, invalid, not_found
from batch_exports.contract.request import Request
from batch_exports.contract.spec import Spec, SpecError

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,18})", re.ASCII)
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,18})(\.[0-9]{1,18})?", re.ASCII)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_BOOLEANS = {"true": True, "false": False}

Reader = Callable[[str], Any]


class Parameter:
    """One declared parameter."""

    __slots__ = (
        "_array",
        "_check",
        "_exploded",
        "_is_text",
        "_item",
        "_plain",
        "_read",
        "accepts",
        "argument",
        "default",
        "name",
        "required",
    )

    def __init__(self, declared: Mapping[str, Any], spec: Spec, checks: Checks) -> None:
        schema = spec.resolve(declared.get("schema", {}))
        self.name: str = declared["name"]
        self.argument = python_name(self.name, declared["in"])
        self.required: bool = declared.get("required", False)
        self.default = schema.get("default")
        self._array = schema.get("type") == "array"
        self._exploded: bool = declared.get("explode", declared.get("style", "form") == "form")
        item = spec.resolve(schema["items"]) if self._array else schema
        self._is_text = item.get("type", "string") == "string"
        self._read = _reader(item, self.name)
        self._check = checks.incoming(schema)
        self._item = checks.incoming(item)
        if self.default is not None and not self._check.is_valid(self.default):
            raise SpecError(f"parameter {self.name}: its default is not valid")
        # A text that the reader accepted needs no further check if the schema says no more than the reader does.
        self._plain = _says_only_its_type(schema)
        self.accepts: Callable[[str], bool] = self._check.is_valid if self._is_text else self._is_readable
        """Whether a text is a valid value, for a parameter that is not a list."""

    def read(self, texts: Sequence[str]) -> Any:
        """The value of a parameter that was given at least once; ApiError naming it if it is not valid."""
        if self._array:
            parts = texts if self._exploded else [part for text in texts if text for part in text.split(",")]
            values = [self._read_item(part) for part in parts]
            sent = parts if self._is_text else values
            if not self._check.is_valid(list(sent)):
                raise self._check.refusal(list(sent), self.name)
            return values
        if len(texts) > 1:
            raise invalid("This parameter may be given only once.", self.name)
        return self.read_one(texts[0])

    def read_one(self, text: str) -> Any:
        """The value of a parameter that is not a list."""
        try:
            value = self._read(text)
        except (ValueError, KeyError):
            raise self._item.refusal(text, self.name) from None
        # What is read from a text of a string type is checked as that text: schemas know no UUID objects.
        if not self._plain and not self._check.is_valid(text if self._is_text else value):
            raise self._check.refusal(text if self._is_text else value, self.name)
        return value

    @property
    def reader(self) -> Reader:
        """Reads one text: the bare reader where the schema says no more, which may raise ValueError or KeyError."""
        return self._read if self._plain else self.read_one

    def absent(self) -> Any:
        """The value of a parameter that was not given."""
        if self.required:
            raise ApiError(400, "required", "This field is required.", self.name)
        return self.default

    def _is_readable(self, text: str) -> bool:
        try:
            self.read_one(text)
        except ApiError:
            return False
        return True

    def _read_item(self, text: str) -> Any:
        try:
            return self._read(text)
        except (ValueError, KeyError):
            raise self._item.refusal(text, self.name) from None


class PathReader:
    """Reads the parameters of one path template, except the project, which is the caller's matter."""

    __slots__ = ("_parameters",)

    def __init__(self, parameters: Iterable[tuple[int, Parameter]]) -> None:
        self._parameters = tuple((index, each.argument, each.reader) for index, each in parameters)

    def read(self, texts: Sequence[str], arguments: dict[str, Any]) -> None:
        """Add the values; a text that cannot be an id names nothing, so it is not found."""
        try:
            for index, argument, read in self._parameters:
                arguments[argument] = read(texts[index])
        except (ApiError, ValueError, KeyError):
            raise not_found() from None


class QueryReader:
    """Reads the query parameters of one operation, and refuses those that it neither knows nor ignores."""

    __slots__ = ("_by_name", "_field_limit", "_ignored", "defaults", "may_be_empty")

    def __init__(self, parameters: Iterable[Parameter], ignored: frozenset[str], field_limit: int) -> None:
        self._by_name = {each.name: each for each in parameters}
        self._ignored = ignored
        self._field_limit = field_limit
        self.defaults = {each.argument: each.default for each in self._by_name.values()}
        """The arguments of an empty query."""
        self.may_be_empty = not any(each.required for each in self._by_name.values())

    def read(self, query: bytes, arguments: dict[str, Any]) -> None:
        """Add the values of a query."""
        given = self._split(query)
        if unknown := sorted(given.keys() - self._by_name.keys() - self._ignored):
            names = ", ".join(repr(name[:100]) for name in unknown)
            raise invalid(f"Unknown query parameter/s: {names}", unknown[0][:100])
        for name, parameter in self._by_name.items():
            texts = given.get(name)
            arguments[parameter.argument] = parameter.absent() if texts is None else parameter.read(texts)

    def _split(self, query: bytes) -> dict[str, list[str]]:
        try:
            fields = parse_qsl(
                query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=self._field_limit
            )
        except ValueError:
            raise invalid("The query string is not valid UTF-8 text, or has too many fields.") from None
        given: dict[str, list[str]] = {}
        for name, text in fields:
            if "\0" in text:
                raise invalid("Null characters are not allowed.", name[:100])
            given.setdefault(name, []).append(text)
        return given


class HeaderReader:
    """Reads the header parameters of one operation."""

    __slots__ = ("_by_name", "defaults", "may_be_absent", "names")

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        self._by_name = {each.name.lower().encode("ascii"): each for each in parameters}
        self.names = frozenset(self._by_name)
        """The headers' names as servers hand them over, in small letters."""
        self.defaults = {each.argument: each.default for each in self._by_name.values()}
        """The arguments of a request without any of them."""
        self.may_be_absent = not any(each.required for each in self._by_name.values())

    def read(self, request: Request, arguments: dict[str, Any]) -> None:
        """Add the values of a request's headers; of one that is given several times, joined with commas."""
        for name, parameter in self._by_name.items():
            text = request.header(name)
            arguments[parameter.argument] = parameter.absent() if text is None else parameter.read([text])


def python_name(name: str, place: str = "query") -> str:
    """The handler's argument for a parameter: the same name, made an identifier (that of a header in small letters)."""
    identifier = re.sub(r"\W", "_", name.lower() if place == "header" else name, flags=re.ASCII)
    return f"{identifier}_" if keyword.iskeyword(identifier) else identifier


def _reader(schema: Mapping[str, Any], name: str) -> Reader:
    kind = schema.get("type", "string")
    if kind == "string":
        return _uuid if schema.get("format") == "uuid" else str
    readers: dict[str, Reader] = {"integer": _integer, "number": _number, "boolean": _BOOLEANS.__getitem__}
    if kind not in readers:
        raise SpecError(f"parameter {name}: type {kind} is not supported in a parameter")
    return readers[kind]


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError
    return int(text)


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError
    return float(text)


def _uuid(text: str) -> UUID:
    if not _UUID.fullmatch(text):
        raise ValueError
    return UUID(text)


def _says_only_its_type(schema: Mapping[str, Any]) -> bool:
    said = {key for key in schema if not key.startswith("x-")} - {"description", "example", "default", "title", "type"}
    if schema.get("type", "string") == "string":
        return not said or (said == {"format"} and schema["format"] == "uuid")
    return schema.get("type") == "boolean" and not said
