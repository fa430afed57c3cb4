"""Released contracts: one file for each version, never changed again, with its hash beside it."""

import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from batch_exports.compatibility.revisions import RevisionError
from batch_exports.compatibility.versions import Version, version_of
from batch_exports.contract.spec import Spec, find_spec, parse_spec

_HASHES = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64}) [ *](?P<name>([0-9]+)\.([0-9]+)\.([0-9]+)\.yaml)")


def find_releases() -> Path:
    """The folder of the releases, beside the contract."""
    return find_spec().parent / "releases"


def released_versions(folder: Path) -> list[Version]:
    """All released versions, the oldest first."""
    return sorted(Version(*map(int, name.split(".")[:3])) for name in _hashes(folder))


def read_release(folder: Path, version: Version) -> Spec:
    """A released contract; RevisionError if it is not what was released."""
    name = f"{version}.yaml"
    try:
        source = (folder / name).read_bytes()
    except OSError as error:
        raise RevisionError(f"cannot read the release {version}: {error}") from None
    if sha256(source).hexdigest() != _hashes(folder)[name]:
        raise RevisionError(
            f"{folder / name} is not what was released: restore it from git. Changes belong into a new version"
        )
    return parse_spec(source, name)


def file_release(folder: Path, spec: Spec) -> Path:
    """File a contract under its version, which must be a new one."""
    version, hashes = version_of(spec), dict(_hashes(folder))
    path = folder / f"{version}.yaml"
    if path.name in hashes:
        raise RevisionError(f"{version} has been released: the contract needs a new info.version")
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(spec.source)
    hashes[path.name] = sha256(spec.source).hexdigest()
    lines = [f"{digest}  {name}\n" for name, digest in sorted(hashes.items())]
    (folder / _HASHES).write_text("".join(lines), encoding="ascii")
    return path


def _hashes(folder: Path) -> Mapping[str, str]:
    """The pinned hashes, by the names of the files."""
    path = folder / _HASHES
    if not path.exists():
        return {}
    hashes = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise RevisionError(f"{path}, line {number}: not the hash of a release")
        hashes[match["name"]] = match[1]
    return hashes
