"""All scenarios that a mock knows: the user's own fixtures, and those that come with it."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Any

from mock_server.documents import Document, FixtureError, read_document
from mock_server.form import check_form
from mock_server.inheritance import EXTENDS, extended

FIXTURES = Path(str(files("mock_server"))) / "fixtures"
"""The scenarios that come with the mock."""
SUFFIXES = (".yaml", ".yml", ".json")
"""What the names of fixture files end with."""

SCENARIO_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
"""What a scenario may be called."""


class UnknownScenarioError(Exception):
    """No scenario has this name."""

    def __init__(self, name: str, names: Sequence[str]) -> None:
        super().__init__(f"There is no scenario '{name}'. The scenarios are: {', '.join(names)}.")


class Library:
    """Scenarios by name. The user's are read when told to, and stay as they are until then."""

    def __init__(self, paths: Sequence[Path] = ()) -> None:
        """`paths` are files, and folders of them; a later one replaces an earlier one of the same name."""
        self._paths = tuple(paths)
        self._own: Mapping[str, Document] = {}

    @property
    def names(self) -> list[str]:
        """All names, in their order."""
        return sorted({*_shipped(), *self._own})

    @property
    def own_names(self) -> list[str]:
        """The names of the user's scenarios."""
        return sorted(self._own)

    def read(self, name: str) -> Document:
        """A scenario in full, its form checked; raises UnknownScenarioError or FixtureError."""
        found = self._own.get(name)
        if found is None and name not in _shipped():
            raise UnknownScenarioError(name, self.names)
        return _read(name, [_shipped()]) if found is None else found

    def describe(self) -> Mapping[str, str]:
        """What each scenario is, by name."""
        texts = {name: read_document(path).data["description"] for name, path in _shipped().items()}
        texts |= {name: document.data["description"] for name, document in self._own.items()}
        return {name: texts[name] for name in self.names}

    def load(self, check: Callable[[Document], Any]) -> None:
        """Read the user's scenarios, and `check` each; if one cannot be used, all stay as they were.

        Raises FixtureError.
        """
        own = {}
        for name in self.files():
            own[name] = self.read_anew(name)
            check(own[name])
        self._own = own

    def require_present(self, name: str) -> None:
        """Raise FixtureError if the file of one of the user's scenarios is gone, and nothing shipped has its name."""
        kept = self._own.get(name)
        if kept is not None and name not in {**self.files(), **_shipped()}:
            raise kept.error("", "the file is gone, and new worlds begin with its scenario")

    def read_anew(self, name: str) -> Document:
        """A scenario as its files are now; raises UnknownScenarioError or FixtureError."""
        return _read(name, [self.files(), _shipped()])

    def versions(self) -> Mapping[Path, tuple[int, ...]]:
        """What tells of each of the user's files whether it has changed."""
        versions = {}
        for path in self._paths:
            with suppress(FixtureError):
                for each in (path, *_files_in(path)):
                    with suppress(OSError):
                        found = each.stat()
                        versions[each] = (found.st_mtime_ns, found.st_size, found.st_ino)
        return versions

    def files(self) -> Mapping[str, Path]:
        """The user's files by the names of their scenarios; raises FixtureError for a name that none can have."""
        files: dict[str, Path] = {}
        for path in self._paths:
            for file in _files_in(path):
                if not SCENARIO_NAME.fullmatch(file.stem):
                    raise FixtureError(file, 1, "", "a scenario's name has up to 64 letters, digits, _ and -")
                files[file.stem] = file
        return files


def _files_in(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    try:
        return sorted(each for each in path.iterdir() if each.suffix in SUFFIXES)
    except OSError as error:
        raise FixtureError(path, 1, "", f"cannot be read: {error.strerror}") from None


def _shipped() -> dict[str, Path]:
    return {path.stem: path for path in FIXTURES.glob("*.yaml")}


def _read(name: str, shelves: Sequence[Mapping[str, Path]], extending: Sequence[Path] = ()) -> Document:
    """A scenario in full: the first of its name on the shelves that is not itself `extending` it."""
    known = [shelf[name] for shelf in shelves if name in shelf]
    path = next((path for path in known if path not in extending), None)
    if path is None:
        raise UnknownScenarioError(name, sorted({each for shelf in shelves for each in shelf}))
    # What comes with the mock means what it says, whatever the user's fixtures are called.
    shelves = shelves if shelves[0].get(name) == path else shelves[-1:]
    document = _whole(read_document(path), shelves, (*extending, path))
    check_form(document)
    return document


def _whole(own: Document, shelves: Sequence[Mapping[str, Path]], extending: Sequence[Path]) -> Document:
    """A document with everything that it extends."""
    if not isinstance(own.data, dict) or EXTENDS not in own.data:
        return own
    name = own.data[EXTENDS]
    if not isinstance(name, str):
        raise own.error(f"/{EXTENDS}", "this is not the name of a scenario")
    if all(shelf.get(name) in (None, *extending) for shelf in shelves) and any(name in shelf for shelf in shelves):
        raise own.error(f"/{EXTENDS}", "the scenario would extend itself")
    try:
        base = _read(name, shelves, extending)
    except UnknownScenarioError as error:
        raise own.error(f"/{EXTENDS}", str(error)) from None
    return extended(base, own)
