"""The contract announces what has changed since its last release, and no release changes."""

from batch_exports.compatibility.judgement import judge
from batch_exports.compatibility.releases import find_releases, read_release, released_versions
from batch_exports.compatibility.versions import version_of
from batch_exports.contract.spec import load_spec
from tests.spec.document import PATH, ROOT


def test_the_contract_has_a_version():
    assert version_of(load_spec(PATH)) >= max(released_versions(find_releases()), default=(0, 1, 0))


def test_every_change_since_the_last_release_is_announced():
    assert judge(None, str(PATH), find_releases(), ROOT / "CHANGELOG.md").missing == ()


def test_every_release_is_what_was_released_under_its_version():
    versions = released_versions(find_releases())
    assert [version_of(read_release(find_releases(), version)) for version in versions] == versions
    assert {path.name for path in find_releases().glob("*.yaml")} == {f"{version}.yaml" for version in versions}
