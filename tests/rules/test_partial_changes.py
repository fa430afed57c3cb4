"""PATCH changes what it names and nothing else, in both worlds."""

from copy import deepcopy
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.callers import OWN, done

CONFIG = {
    "bucket_name": "acme-lake",
    "region": "eu-central-1",
    "prefix": "events",
    "compression": "gzip",
    "file_format": "JSONLines",
    "aws_access_key_id": "canary-key-id",
    "aws_secret_access_key": "canary-secret",
}
SECRETS = ("aws_access_key_id", "aws_secret_access_key")
WHOLE = {
    "name": "Whole",
    "interval": "week",
    "timezone": "Europe/Berlin",
    "offset_day": 3,
    "offset_hour": 5,
    "paused": False,
    "start_at": "2024-01-01T00:00:00Z",
    "end_at": "2099-01-01T00:00:00Z",
    "filters": [{"key": "plan", "value": "pro", "type": "event"}],
    "destination": {"type": "S3", "config": CONFIG},
}


def some_of(**fields):
    return st.fixed_dictionaries({}, optional=fields)


configs = some_of(
    prefix=st.sampled_from(["", "other/", "events"]),
    region=st.sampled_from(["us-east-1", None]),
    compression=st.sampled_from(["gzip", "zstd", "brotli"]),
    file_format=st.sampled_from(["JSONLines", "Parquet"]),
    exclude_events=st.lists(st.sampled_from(["$pageleave", "$set"]), max_size=2),
    aws_secret_access_key=st.just("canary-rotated"),
)
bodies = some_of(
    name=st.sampled_from(["Renamed", "Ereignisse", ""]),
    interval=st.sampled_from(["hour", "day", "week", "every 5 minutes"]),
    timezone=st.sampled_from(["UTC", "Asia/Tokyo", "Mars/Olympus"]),
    offset_day=st.sampled_from([0, 6, None]),
    offset_hour=st.sampled_from([0, 23, None]),
    paused=st.booleans(),
    start_at=st.sampled_from([None, "2024-06-01T00:00:00Z"]),
    end_at=st.sampled_from([None, "2024-03-01T00:00:00Z", "2098-01-01T00:00:00Z"]),
    filters=st.sampled_from([None, [], WHOLE["filters"]]),
    destination=st.fixed_dictionaries({"config": configs}, optional={"type": st.just("S3")}),
)
# What follows from fields that are named: an interval decides which offsets it has, a pause says when and why.
OF_ITSELF = ("last_updated_at", "latest_runs")
FOLLOWING = {"interval": {"offset_day", "offset_hour"}, "paused": {"last_paused_at", "paused_reason"}}


def unnamed(shown, body):
    """The part of an export that a body does not speak of."""
    rest = deepcopy(shown)
    named = {*body, *(field for name in body for field in FOLLOWING.get(name, ()))} - {"destination"}
    for name in (*named, *OF_ITSELF):
        rest.pop(name, None)
    for name in body.get("destination", {}).get("config", {}):
        rest["destination"]["config"].pop(name, None)
    return rest


def says(shown, body):
    """Whether an export is as a body wants it; an offset that is null is the one that the interval has by itself."""
    plain = {name: value for name, value in body.items() if name != "destination"}
    config = body.get("destination", {}).get("config", {})
    return all(
        shown[name] == value for name, value in plain.items() if not (name.startswith("offset_") and value is None)
    ) and all(
        shown["destination"]["config"].get(name) == value for name, value in config.items() if name not in SECRETS
    )


def credentials(world, export):
    async def question(services):
        found, _ = await services.exports.get(1, UUID(export))
        return dict(found.destination.secrets)

    return world.services(question)


@settings(max_examples=60)
@given(st.lists(bodies, min_size=1, max_size=5))
def test_a_patch_changes_what_it_names_and_nothing_else_and_a_refused_one_nothing(world, program):
    made = world.client.post(OWN, json=WHOLE)
    before = done(made)
    path = f"{OWN}/{before['id']}"
    for body in program:
        answer = world.client.patch(path, json=body)
        after = done(world.client.get(path))
        if answer.status_code == 200:
            assert says(answer.json(), body)
            assert says(after, body)
            assert unnamed(after, body) == unnamed(before, body)
        else:
            assert answer.status_code == 400, answer.text
            assert unnamed(after, {}) == unnamed(before, {})
        before = after
    assert before["destination"]["secrets_set"] == sorted(SECRETS)


@settings(max_examples=15)
@given(st.lists(configs, min_size=1, max_size=3))
def test_a_credential_that_is_not_sent_again_stays(world, program):
    export = done(world.client.post(OWN, json=WHOLE))["id"]
    expected = {name: CONFIG[name] for name in SECRETS}
    for config in program:
        answer = world.client.patch(f"{OWN}/{export}", json={"destination": {"config": config}})
        if answer.status_code == 200:
            expected |= {name: value for name, value in config.items() if name in SECRETS}
    assert credentials(world, export) == expected
