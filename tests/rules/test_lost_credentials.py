"""Credentials that no encryption key at hand decrypts: one export of many has them, and can be given new ones."""

import pytest

from tests.rules.worlds import COPY_INPUTS, REDSHIFT, S3, RulesWorld, refusal

SECRETS = ["aws_access_key_id", "aws_secret_access_key"]
COPY_WITH_KEYS = {**COPY_INPUTS, "authorization": {"aws_access_key_id": "id", "aws_secret_access_key": "secret"}}
ADVICE = (
    "The stored credentials cannot be decrypted. Send all of them again, with null for those that are not needed: "
    "aws_access_key_id, aws_secret_access_key."
)


@pytest.fixture
def lost(api: RulesWorld) -> str:
    """An export whose credentials are lost."""
    export = api.export(name="Lost", paused=True, destination=S3)
    api.lose_credentials(export)
    return export


def patch_config(api: RulesWorld, export: str, **config: str | None):
    return api.ask("PATCH", f"{export}/", {"destination": {"type": "S3", "config": config}})


def test_an_export_with_lost_credentials_is_listed_and_shown_with_their_names(api: RulesWorld, lost: str) -> None:
    whole = api.export(name="Whole")
    shown = {f"/{each['id']}": each for each in api.get("/")["results"]}
    assert {lost, whole} <= shown.keys()
    assert shown[lost]["destination"]["secrets_set"] == SECRETS
    assert api.get(f"{lost}/")["destination"] == shown[lost]["destination"]


def test_what_needs_no_credentials_goes_on_and_leaves_them_as_they_are(api: RulesWorld, lost: str) -> None:
    changed = api.ask("PATCH", f"{lost}/", {"name": "Renamed"})
    assert (changed.status_code, changed.json()["name"]) == (200, "Renamed")
    for action in ("unpause", "pause"):
        assert api.ask("POST", f"{lost}/{action}/").status_code == 200
    assert api.get(f"{lost}/")["destination"]["secrets_set"] == SECRETS
    assert refusal(patch_config(api, lost, prefix="elsewhere/"))[0] == 400


@pytest.mark.parametrize(
    ("config", "missing"), [({"prefix": "elsewhere/"}, SECRETS[0]), ({SECRETS[0]: "new"}, SECRETS[1])]
)
def test_a_change_of_the_destination_says_which_credentials_have_to_be_sent_again(
    api: RulesWorld, lost: str, config: dict[str, str], missing: str
) -> None:
    attr = f"destination__config__{missing}"
    assert refusal(patch_config(api, lost, **config)) == (400, "required", ADVICE, attr)
    step = api.ask("POST", f"{lost}/run_test_step/", {"step": 0, "destination": {"type": "S3", "config": config}})
    assert refusal(step) == (400, "required", ADVICE, attr)


def test_new_credentials_take_the_place_of_lost_ones(api: RulesWorld, lost: str) -> None:
    answer = patch_config(api, lost, aws_access_key_id="new-id", aws_secret_access_key="new-secret")
    assert (answer.status_code, answer.json()["destination"]["secrets_set"]) == (200, SECRETS)
    assert patch_config(api, lost, prefix="elsewhere/").status_code == 200

    async def stored(tx, _lifecycle):
        return await tx.exports.get(1, api.id_of(lost))

    destination = api.change(stored).destination
    assert destination.full_config["aws_secret_access_key"] == "new-secret"
    assert destination.unreadable == ()


def test_an_export_with_lost_credentials_can_be_deleted(api: RulesWorld) -> None:
    export = api.export(name="Lost", destination=S3)
    api.lose_credentials(export)
    assert api.ask("DELETE", f"{export}/").status_code == 204
    assert api.ask("GET", f"{export}/").status_code == 404


def test_credentials_inside_of_a_setting_go_with_what_takes_its_place(api: RulesWorld) -> None:
    settings = REDSHIFT["config"] | {"mode": "COPY", "copy_inputs": COPY_WITH_KEYS}
    export = api.export(name="Copy", paused=True, destination={"type": "Redshift", "config": settings})
    assert "copy_inputs__authorization__aws_access_key_id" in api.get(f"{export}/")["destination"]["secrets_set"]
    api.lose_credentials(export)
    role = {
        "user": "writer",
        "password": "new",
        "copy_inputs": {**COPY_INPUTS, "bucket_credentials": COPY_INPUTS["bucket_credentials"]},
    }
    answer = api.ask("PATCH", f"{export}/", {"destination": {"type": "Redshift", "config": role}})
    assert answer.status_code == 200, answer.text
    assert "copy_inputs__authorization__aws_access_key_id" not in answer.json()["destination"]["secrets_set"]
