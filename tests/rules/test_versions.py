"""ETag and If-Match: what has changed meanwhile is not overwritten, in both worlds."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.callers import EARLIER, NOOP, OWN, S3, done, refusal

AT_ONCE = 8
CHANGES = [
    {"name": "Renamed"},
    {"interval": "day"},
    {"paused": True},
    {"timezone": "Europe/Berlin"},
    {"end_at": "2099-01-01T00:00:00Z"},
    {"filters": [{"key": "plan", "value": "pro", "type": "event"}]},
    {"destination": {"type": "S3", "config": {"prefix": "elsewhere"}}},
    {"destination": {"config": {"aws_secret_access_key": "canary-rotated"}}},
]
WHOLE = {**NOOP, "name": "Whole", "destination": S3}
# Each operation that takes If-Match.
GUARDED = {
    "replace_export": lambda client, path, headers: client.put(path, json=WHOLE, headers=headers),
    "update_export": lambda client, path, headers: client.patch(path, json={"name": "New"}, headers=headers),
    "delete_export": lambda client, path, headers: client.delete(path, headers=headers),
}

every_guarded = pytest.mark.parametrize("send", GUARDED.values(), ids=GUARDED)


@pytest.fixture
def path(world):
    """The path of an export of the test's own."""
    return f"{OWN}/{world.new_export(destination=S3)}"


def etag(world, path):
    answer = world.client.get(path)
    done(answer)
    return answer.headers["ETag"]


def shown(world, path):
    return done(world.client.get(path)), world.activity(path.rpartition("/")[2])


def stale_tag(world, path):
    old = etag(world, path)
    done(world.client.patch(path, json={"name": "Changed by somebody else"}))
    return old


def test_a_new_export_comes_with_the_tag_that_it_is_shown_with(world):
    made = world.client.post(OWN, json=NOOP)
    assert made.headers["ETag"] == etag(world, f"{OWN}/{made.json()['id']}")


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_every_change_of_the_settings_changes_the_tag_and_the_same_again_does_not(world, path, change):
    before = etag(world, path)
    changed = world.client.patch(path, json=change)
    done(changed)
    again = world.client.patch(path, json=change)

    assert before != changed.headers["ETag"] == again.headers["ETag"] == etag(world, path)


def test_a_put_answers_with_the_new_tag(world, path):
    before = etag(world, path)
    answer = world.client.put(path, json=WHOLE)
    assert before != answer.headers["ETag"] == etag(world, path)


@pytest.mark.parametrize("action", ["pause", "unpause"])
def test_pausing_and_going_on_change_the_tag(world, path, action):
    if action == "unpause":
        done(world.client.post(f"{path}/pause"))
    before = etag(world, path)
    done(world.client.post(f"{path}/{action}", json={}))
    after = etag(world, path)
    done(world.client.post(f"{path}/{action}", json={}))
    assert before != after == etag(world, path)


def test_runs_backfills_and_checks_leave_the_tag_alone(world, path):
    before = etag(world, path)
    export = path.rpartition("/")[2]
    run = world.ended_run(export)
    done(world.client.post(f"{path}/runs/{run}/retry"))
    backfill = done(world.client.post(f"{path}/backfill", json=EARLIER))["backfill_id"]
    done(world.client.post(f"{path}/backfills/{backfill}/cancel"))
    world.client.post(f"{path}/run_test_step", json={"step": 0})
    assert etag(world, path) == before


@every_guarded
def test_a_stale_tag_is_refused_and_nothing_changes(world, path, send):
    stale = stale_tag(world, path)
    before = shown(world, path)

    answer = send(world.client, path, {"If-Match": stale})

    assert refusal(answer, 412) == ("precondition_failed", "If-Match")
    assert etag(world, path) in answer.json()["detail"]
    assert shown(world, path) == before


@every_guarded
def test_the_present_tag_and_the_star_let_a_change_through(world, send):
    for tag in (None, "*"):
        path = f"{OWN}/{world.new_export(destination=S3)}"
        answer = send(world.client, path, {"If-Match": tag or etag(world, path)})
        assert answer.is_success, answer.text


@every_guarded
def test_a_tag_of_an_export_that_is_gone_finds_nothing(world, path, send):
    tag = etag(world, path)
    assert world.client.delete(path, headers={"If-Match": tag}).status_code == 204
    for each in (tag, "*"):
        assert refusal(send(world.client, path, {"If-Match": each}), 404)[0] == "not_found"


@settings(max_examples=25)
@given(
    st.lists(st.sampled_from(["present", "weak", "stale", "future", "foreign", "empty"]), min_size=1, max_size=5),
    st.sampled_from([",", ", ", " \t, "]),
)
def test_one_present_strong_tag_of_a_list_is_enough_and_weak_ones_never_are(world, kinds, separator):
    path = f"{OWN}/{world.new_export()}"
    stale = stale_tag(world, path)
    present = etag(world, path)
    tags = {
        "present": present,
        "weak": f"W/{present}",
        "stale": stale,
        "future": '"3"',
        "foreign": '"a,W/b"',
        "empty": '""',
    }
    answer = world.client.patch(
        path, json={"name": "Changed"}, headers={"If-Match": separator.join(map(tags.get, kinds))}
    )
    assert answer.status_code == (200 if "present" in kinds else 412)
    assert (etag(world, path) != present) == ("present" in kinds)


def test_tags_of_several_lines_are_one_list(world, path):
    headers = [("If-Match", '"0"'), ("If-Match", etag(world, path))]
    assert world.client.patch(path, json={"name": "Lines"}, headers=headers).status_code == 200


@pytest.mark.parametrize("tag", ["1", '"1', "", '*, "1"', 'w/"1"', '"ä"'.encode("latin-1")])
def test_what_is_no_tag_is_refused(world, path, tag):
    before = shown(world, path)
    assert refusal(world.client.patch(path, json={"name": "New"}, headers={"If-Match": tag}), 400)[1] == "If-Match"
    assert shown(world, path) == before


def test_of_many_who_change_what_they_have_read_at_once_exactly_one_succeeds(world, path):
    tag = etag(world, path)
    changes_before = len(world.activity(path.rpartition("/")[2]))

    def rename(number):
        return world.client.patch(path, json={"name": f"By {number}"}, headers={"If-Match": tag})

    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(rename, range(AT_ONCE)))

    assert sorted(each.status_code for each in answers) == [200] + [412] * (AT_ONCE - 1)
    [winner] = [each.json() for each in answers if each.status_code == 200]
    assert done(world.client.get(path))["name"] == winner["name"]
    assert len(world.activity(path.rpartition("/")[2])) == changes_before + 1


def test_changes_of_different_fields_at_once_are_all_kept(world, path):
    keys = ["prefix", "region", "bucket_name"]
    changes = [{"destination": {"config": {key: f"new-{key.replace('_', '-')}"}}} for key in keys]
    changes += [{"name": "At once"}, {"timezone": "Europe/Berlin"}, {"end_at": "2099-01-01T00:00:00Z"}]

    with ThreadPoolExecutor(AT_ONCE) as threads:
        for answer in threads.map(lambda change: world.client.patch(path, json=change), changes):
            done(answer)

    export = done(world.client.get(path))
    assert (export["name"], export["timezone"]) == ("At once", "Europe/Berlin")
    assert export["end_at"].startswith("2099-01-01T00:00:00")
    assert {key: export["destination"]["config"][key] for key in keys} == {
        key: f"new-{key.replace('_', '-')}" for key in keys
    }
