"""The programs that went wrong, of which the shortest is told."""

from dataclasses import dataclass, field


class ShrunkEnough(BaseException):
    """The search for a shorter program has gone on for long enough; not to be taken for what went wrong in one."""


@dataclass(slots=True)
class Reports:
    """What programs leave when they go wrong, and how many may still be tried once one has."""

    tries_left: int
    programs: list[tuple[int, str]] = field(default_factory=list)

    def begin(self) -> None:
        """Count a program that is about to begin; raises ShrunkEnough when it would be one too many."""
        if self.programs:
            self.tries_left -= 1
            if self.tries_left < 0:
                raise ShrunkEnough

    def add(self, steps: int, text: str) -> None:
        """Keep a program that went wrong."""
        self.programs.append((steps, text))

    @property
    def shortest(self) -> str:
        """The shortest of the programs that went wrong."""
        return min(self.programs)[1]
