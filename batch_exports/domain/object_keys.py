"""The names of exported files: which key file n of a run gets, from the settings of its export alone.

Keys depend on the interval and never on the run or the moment, so that writing an interval again replaces its files.
"""

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from batch_exports.domain.errors import Invalid

DEFAULT_TEMPLATE = "{prefix}/{data_interval_start}-{data_interval_end}"
MAX_KEY_BYTES = 1024
MEBIBYTE = 1024 * 1024

_FILE_EXTENSIONS = {"JSONLines": "jsonl", "Parquet": "parquet"}
# Parquet compresses inside the file, so that its readers need no second extension.
_CODEC_EXTENSIONS = {("JSONLines", "gzip"): "gz", ("JSONLines", "brotli"): "br"}
_STARTS = frozenset({"data_interval_start", "data_interval_start_compact"})
_ENDS = frozenset({"data_interval_end", "data_interval_end_compact"})
_COMPACT = "%Y%m%dT%H%M%SZ"
_PLAIN_PREFIX = re.compile(r"(?!.*\.\.)[ -~]{0,200}")
"""Prefixes that make usable keys whatever their variables stand for: those add less than half of their own length."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectKeys:
    """The keys of one interval of one export."""

    base: str
    """What all keys of the interval begin with."""
    extension: str
    is_split: bool

    def data(self, number: int) -> str:
        """The key of file `number`, counted from 0; only files of a split interval carry a number from the first on."""
        suffix = f"-{number}" if self.is_split or number else ""
        return _checked(f"{self.base}{suffix}.{self.extension}")

    @property
    def manifest(self) -> str:
        """The key of the list of files, written when all of them are whole."""
        return _checked(f"{self.base}_manifest.json")

    def owns(self, key: str) -> bool:
        """Whether a key has the form of a data file of this interval, whatever its format and number."""
        rest = key.removeprefix(self.base)
        if rest == key:
            return False
        number, _, extension = rest.partition(".")
        return extension.split(".")[0] in _FILE_EXTENSIONS.values() and (
            not number or (number[0] == "-" and number[1:].isdecimal())
        )


def object_keys(config: Mapping[str, Any], *, model: str, start: datetime, end: datetime) -> ObjectKeys:
    """The keys that `[start, end)` gets under a destination's config; raises Invalid when they cannot be used."""
    variables = _prefix_variables(model, start, end)
    prefix = render(config.get("prefix") or "", variables)
    template = config.get("key_template") or DEFAULT_TEMPLATE
    variables["prefix"] = prefix
    _check_template(template, frozenset(variables))
    base = _normalised(render(template, variables))
    file_format = config.get("file_format") or "JSONLines"
    codec = _CODEC_EXTENSIONS.get((file_format, config.get("compression") or ""))
    extension = _FILE_EXTENSIONS[file_format] + (f".{codec}" if codec else "")
    keys = ObjectKeys(base=base, extension=extension, is_split=max_file_bytes(config) is not None)
    _ = keys.manifest
    return keys


def check_object_keys(config: Mapping[str, Any], model: str) -> None:
    """Check, at write time, that a config makes usable keys; raises Invalid."""
    if not config.get("key_template") and _PLAIN_PREFIX.fullmatch(config.get("prefix") or ""):
        return
    example = datetime(2000, 1, 1, tzinfo=UTC)
    object_keys(config, model=model, start=example, end=example).data(0)


def max_file_bytes(config: Mapping[str, Any]) -> int | None:
    """The size past which a file is closed, in bytes; None when all rows go into one file."""
    megabytes = config.get("max_file_size_mb")
    return int(megabytes) * MEBIBYTE if megabytes else None


def render(template: str, variables: Mapping[str, str]) -> str:
    """The template with each `{variable}` replaced; one that names anything else is used as it stands."""
    parts = _parse(template)
    if parts is None or any(name is not None and name not in variables for _, name in parts):
        return template
    return "".join(text + (variables[name] if name is not None else "") for text, name in parts)


def _prefix_variables(model: str, start: datetime, end: datetime) -> dict[str, str]:
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    return {
        "year": f"{end:%Y}",
        "month": f"{end:%m}",
        "day": f"{end:%d}",
        "hour": f"{end:%H}",
        "minute": f"{end:%M}",
        "second": f"{end:%S}",
        "data_interval_start": start.isoformat(),
        "data_interval_end": end.isoformat(),
        "data_interval_start_compact": f"{start:{_COMPACT}}",
        "data_interval_end_compact": f"{end:{_COMPACT}}",
        "table": model,
    }


def _parse(template: str) -> list[tuple[str, str | None]] | None:
    """The template as pairs of text and the plain name behind it; None when it is anything else.

    Attributes, conversions and widths of format strings are refused: they would reach into objects or make huge keys.
    """
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError:
        return None
    return None if any(spec or conversion for _, _, spec, conversion in parts) else [part[:2] for part in parts]


def _check_template(template: str, known: frozenset[str]) -> None:
    parts = _parse(template)
    names = frozenset(name for _, name in parts if name is not None) if parts is not None else frozenset()
    if parts is None or not names <= known:
        raise Invalid(
            f"A key template may contain only these variables in braces: {', '.join(sorted(known))}.",
            attr="destination__config__key_template",
        )
    if not (names & _STARTS and names & _ENDS):
        raise Invalid(
            "A key template must contain data_interval_start and data_interval_end, or their _compact forms: "
            "without them, intervals would overwrite one another's files.",
            attr="destination__config__key_template",
        )


def _normalised(key: str) -> str:
    """The key without a leading slash and without empty and `.` segments, which object stores read differently."""
    return "/".join(segment for segment in key.split("/") if segment not in {"", "."})


def _checked(key: str) -> str:
    if ".." in key.split("/"):
        raise _invalid("must not contain '..' as a path segment")
    if _CONTROL.search(key):
        raise _invalid("must not contain control characters")
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        raise _invalid("must be valid Unicode text") from None
    if size > MAX_KEY_BYTES:
        raise _invalid(f"must not be longer than {MAX_KEY_BYTES} bytes with its interval and extension")
    return key


def _invalid(rule: str) -> Invalid:
    return Invalid(
        f"The key of an exported file {rule}: shorten or change the prefix.", attr="destination__config__prefix"
    )
