"""One seeded fault: a single wrong edit of the product, which the tests must notice."""

from dataclasses import dataclass
from pathlib import Path


class StaleFault(ValueError):
    """The text that a fault edits is not in its file, or is there more than once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is edited, what is wrong then, and which tests mirror the edited code."""

    id: str
    breaks: str
    file: str
    before: str
    after: str
    unit: tuple[str, ...]
    hangs: bool = False
    """Whether a suite that does not end in time has caught it."""

    def edited(self, text: str) -> str:
        """The file's text with the fault; raises StaleFault."""
        found = text.count(self.before)
        if found != 1:
            raise StaleFault(
                f"{self.id}: {self.file} has the text to edit {found} times, not once. Renew its `before`."
            )
        return text.replace(self.before, self.after)

    def seed(self, root: Path) -> str:
        """Edit the file in a tree; its text as it was. Raises StaleFault."""
        path = root / self.file
        text = path.read_text()
        path.write_text(self.edited(text))
        return text
