import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.compatibility.comparison import compare
from batch_exports.compatibility.differences import Verdict
from batch_exports.compatibility.versions import Version, unannounced, version_of
from batch_exports.contract.spec import Spec, SpecError
from tests.compatibility.documents import CONTRACT, append, drop, edited, put

SCHEMAS = "#/components/schemas"
LAST = Version(1, 0, 0)
SAID = "# Changelog\n\n## Next\n\n- Contract {}: `{}`.\n\n## Before\n\n- `Run` and `status`, 2.0.0, 1.1.0.\n"

numbers = st.integers(0, 100)
versions = st.builds(Version, numbers, numbers, numbers)

BREAKING = drop(f"{SCHEMAS}/Run/required", "status")
ADDITION = put(f"{SCHEMAS}/Run/properties", colour={"type": "string"})
WORDS = put(f"{SCHEMAS}/Run", description="Other words.")


@pytest.mark.parametrize(
    ("verdict", "before_one", "after_one"),
    [
        (Verdict.BREAKING, "0.5.0", "2.0.0"),
        (Verdict.UNDECIDED, "0.5.0", "2.0.0"),
        (Verdict.COMPATIBLE, "0.4.3", "1.5.0"),
        (Verdict.DOCUMENTATION, "0.4.3", "1.4.3"),
        (None, "0.4.2", "1.4.2"),
    ],
)
def test_a_version_follows_from_the_worst_change(verdict, before_one, after_one):
    assert str(Version(0, 4, 2).after(verdict)) == before_one
    assert str(Version(1, 4, 2).after(verdict)) == after_one


@given(versions)
def test_a_worse_change_never_needs_a_lower_version(version):
    steps = [version.after(verdict) for verdict in (*Verdict, None)]
    assert steps == sorted(steps, reverse=True)
    assert steps[-1] == version < steps[-2]


@given(versions)
def test_a_version_is_read_as_it_is_written(version):
    assert version_of(Spec({"info": {"version": str(version)}}, b"")) == version


@pytest.mark.parametrize("text", ["", "1", "1.0", "v1.0.0", "1.0.0-rc1", "01.0.0", "1.0.0\n", None])
def test_what_is_no_version_is_refused(text):
    with pytest.raises(SpecError, match=r"1\.2\.3"):
        version_of(Spec({"info": {"version": text}}, b""))


@pytest.mark.parametrize(
    ("edit", "version", "name"),
    [(BREAKING, "2.0.0", "status"), (BREAKING, "3.1.0", "list_runs"), (ADDITION, "1.1.0", "colour")],
)
def test_a_change_is_announced_by_a_version_and_an_entry(edit, version, name):
    comparison = compare(CONTRACT, edited(edit))
    assert unannounced(comparison, LAST, version_at(version), SAID.format(version, name)) == []


@pytest.mark.parametrize(("edit", "version"), [(BREAKING, "1.9.0"), (BREAKING, "1.0.0"), (ADDITION, "1.0.1")])
def test_a_version_that_is_too_low_announces_nothing(edit, version):
    comparison = compare(CONTRACT, edited(edit))
    (missing,) = unannounced(comparison, LAST, version_at(version), SAID.format(version, "status and colour"))
    assert f"info.version is {version}" in missing


@pytest.mark.parametrize("name", ["statuses", "latest_status", "a_list_runs", "Run.status2"])
def test_an_entry_that_names_something_else_announces_nothing(name):
    (missing,) = unannounced(compare(CONTRACT, edited(BREAKING)), LAST, version_at("2.0.0"), SAID.format("2.0.0", name))
    assert "`status`" in missing


def test_the_section_of_an_earlier_release_announces_nothing():
    changelog = "## Next\n\n- Nothing.\n\n## Before\n\n- Contract 2.0.0: `status`.\n"
    version, entry = unannounced(compare(CONTRACT, edited(BREAKING)), LAST, version_at("2.0.0"), changelog)
    assert "2.0.0" in version
    assert "`status`" in entry


def test_other_words_need_a_version_and_no_entry():
    comparison = compare(CONTRACT, edited(WORDS))
    assert unannounced(comparison, LAST, Version(1, 0, 1), "") == []
    assert len(unannounced(comparison, LAST, LAST, "")) == 1


def test_without_changes_nothing_needs_to_be_announced():
    assert unannounced(compare(CONTRACT, edited()), LAST, LAST, "") == []


def test_each_change_needs_its_own_entry():
    comparison = compare(CONTRACT, edited(ADDITION, append(f"{SCHEMAS}/BatchExportCreate/required", "timezone")))
    missing = unannounced(comparison, LAST, version_at("2.0.0"), SAID.format("2.0.0", "colour"))
    assert ["`timezone`" in each for each in missing] == [True]


def version_at(text):
    return Version(*map(int, text.split(".")))
