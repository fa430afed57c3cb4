"""Host names that lead where a test wants them to, without any name server."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import chain, repeat
from typing import Any

from batch_exports.destinations.egress_gate import EgressGate
from batch_exports.domain.egress import EgressMode, EgressPolicy

# Public, but for the one address that a test's servers listen on.
PUBLIC_AND_HERE = EgressPolicy(EgressMode.PUBLIC, frozenset({"127.0.0.1"}))


class Names:
    """A look-up that gives its answers in turn, the last one for ever, and notes what it is asked."""

    def __init__(self, *answers: Sequence[str] | OSError) -> None:
        self._answers = chain(answers, repeat(answers[-1]))
        self.asked: list[str] = []

    def __call__(self, host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        self.asked.append(host)
        answer = next(self._answers)
        if isinstance(answer, OSError):
            raise answer
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answer]


@contextmanager
def serving_names(names: Names) -> Iterator[EgressGate]:
    """A gate to public hosts, and to those that `names` leads to 127.0.0.1."""
    with closing(EgressGate(PUBLIC_AND_HERE, names)) as gate:
        yield gate
