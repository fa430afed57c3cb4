"""What the running task is about: what is logged meanwhile says so, and shows none of the secrets in use."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

SHORTEST_SECRET = 6
"""Shorter texts are not hidden: they are found in words that have nothing to do with them."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A request or a run; tasks and threads that are started for it share it."""

    fields: Mapping[str, str]
    secrets: set[str] = field(default_factory=set, repr=False)


_current: ContextVar[Subject | None] = ContextVar("batch_exports_subject", default=None)


def current() -> Subject | None:
    """What the running task is about."""
    return _current.get()


def begin(**fields: str) -> None:
    """From now on this task, which is about nothing else, is about this."""
    _current.set(Subject(fields))


@contextmanager
def about(**fields: str) -> Iterator[None]:
    """The block is about this."""
    token = _current.set(Subject(fields))
    try:
        yield
    finally:
        _current.reset(token)


def hide(values: Iterable[Any]) -> None:
    """These values, and all texts inside them, are secrets that the running task uses."""
    subject = _current.get()
    if subject is not None:
        for text in _texts(values):
            if len(text) >= SHORTEST_SECRET:
                subject.secrets.update(_spellings(text))


def _spellings(text: str) -> tuple[str, ...]:
    # As it is, in a URL, and in what Python prints of an object that holds it.
    return text, quote(text, safe=""), repr(text)[1:-1]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts(value.values())
    elif isinstance(value, Iterable):
        for each in value:
            yield from _texts(each)
