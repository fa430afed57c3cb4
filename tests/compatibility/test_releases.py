import subprocess

import pytest

from batch_exports.compatibility.releases import file_release, find_releases, read_release, released_versions
from batch_exports.compatibility.revisions import RevisionError
from batch_exports.compatibility.versions import Version, version_of
from batch_exports.contract.spec import parse_spec
from tests.compatibility.documents import CONTRACT
from tests.spec.document import PATH

VERSION = version_of(CONTRACT)


def at_version(text):
    return parse_spec(CONTRACT.source.replace(f"version: {VERSION}".encode(), f"version: {text}".encode(), 1))


def test_nothing_is_released_at_first(tmp_path):
    assert released_versions(tmp_path / "releases") == []


def test_a_filed_contract_is_read_as_it_was(tmp_path):
    file_release(tmp_path, CONTRACT)
    assert read_release(tmp_path, VERSION).source == CONTRACT.source


def test_releases_come_in_the_order_of_their_versions(tmp_path):
    for text in ("1.10.0", "1.9.0", "0.20.3"):
        file_release(tmp_path, at_version(text))
    assert released_versions(tmp_path) == [Version(0, 20, 3), Version(1, 9, 0), Version(1, 10, 0)]


def test_a_version_is_released_once(tmp_path):
    file_release(tmp_path, CONTRACT)
    with pytest.raises(RevisionError, match=f"{VERSION} has been released"):
        file_release(tmp_path, CONTRACT)


def test_a_release_that_was_changed_is_refused(tmp_path):
    path = file_release(tmp_path, CONTRACT)
    path.write_bytes(CONTRACT.source + b"\n")
    with pytest.raises(RevisionError, match="not what was released"):
        read_release(tmp_path, VERSION)


def test_a_release_that_is_gone_is_refused(tmp_path):
    file_release(tmp_path, CONTRACT).unlink()
    with pytest.raises(RevisionError, match=f"cannot read the release {VERSION}"):
        read_release(tmp_path, VERSION)


@pytest.mark.parametrize("line", ["", "x", f"{'0' * 64}  ../1.0.0.yaml", f"{'0' * 63}  1.0.0.yaml"])
def test_a_line_that_pins_no_release_is_refused(tmp_path, line):
    (tmp_path / "SHA256SUMS").write_text(f"{line}\n")
    with pytest.raises(RevisionError, match="line 1"):
        released_versions(tmp_path)


def test_the_hashes_are_those_of_the_usual_program(tmp_path):
    file_release(tmp_path, CONTRACT)
    file_release(tmp_path, at_version("9.0.0"))
    done = subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path, check=False, timeout=60)
    assert done.returncode == 0


def test_the_releases_stand_beside_the_contract():
    assert find_releases() == PATH.parent / "releases"
