"""What a program did, as people read it: one line per request, ids named by the order in which they came up."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Mismatch(AssertionError):
    """An answer is not what the model says that it must be."""


def require(condition: object, mismatch: str) -> None:
    """Raise Mismatch unless the condition holds."""
    if not condition:
        raise Mismatch(mismatch)


@dataclass(slots=True)
class _Line:
    request: str
    looks: bool
    answer: str = ""
    body: str = ""

    def shown(self, *, whole: bool) -> str:
        return f"{self.request} -> {self.answer} {self.body if whole else ''}".rstrip()


@dataclass(slots=True)
class Transcript:
    """The requests of one program; those that only look are shown when they come last."""

    mark: str
    """What is left out, for it is the same in all names."""
    _lines: list[_Line] = field(default_factory=list)
    _names: dict[str, str] = field(default_factory=dict)

    def name(self, kind: str, object_id: str) -> None:
        """Call an object by its kind and a number from now on."""
        if object_id not in self._names:
            number = 1 + sum(name.startswith(f"<{kind} ") for name in self._names.values())
            self._names[object_id] = f"<{kind} {number}>"

    def note(self, who: str, request: str, details: Mapping[str, Any], *, looks: bool) -> None:
        """Note a request that is about to be sent."""
        shown = " ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in details.items() if value)
        self._lines.append(_Line(f"{who}: {request} {shown}".rstrip(), looks))

    def answered(self, status: int, body: str) -> None:
        """Note the answer to the last request."""
        self._lines[-1].answer, self._lines[-1].body = str(status), body

    def report(self, mismatch: str) -> tuple[int, str]:
        """How many requests the program took, and the program with what was wrong at its end."""
        *earlier, last = self._lines
        lines = [line.shown(whole=False) for line in earlier if not line.looks] + [last.shown(whole=True)]
        steps = "\n".join(f"  {number}. {line}" for number, line in enumerate(lines, start=1))
        text = f"The service does not answer as the model says.\nProgram:\n{steps}\nMismatch:\n  {mismatch}"
        named = _UUID.sub(lambda found: self._names.get(found[0], found[0]), text)
        return len(lines), named.replace(self.mark, "")
