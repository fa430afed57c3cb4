from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.activity import OPERATOR, Actor, ActorType, Change
from batch_exports.domain.errors import Invalid, NotFound
from batch_exports.domain.keys import KEY_MARK, READ_SCOPE, SCOPES, WRITE_SCOPE
from batch_exports.services.access import FIRST_ORGANIZATION
from tests.services.access_worlds import STORES, access_world
from tests.services.worlds import NOW

DAY = timedelta(days=1)
unreadable = st.one_of(
    st.sampled_from(["", " ", "\t", "two\nlines", "bell\a", "\udcff", "a\0"]),
    st.text(min_size=1).filter(lambda text: not text.isprintable()),
    st.integers(256, 300).map("a".__mul__),
)


@pytest.fixture(params=STORES)
async def world(request):
    async with access_world(request.param) as world:
        yield world


async def two_organizations(world):
    """Acme with two projects, and Globex with one."""
    acme, globex = [await world.access.create_organization(name) for name in ("Acme", "Globex")]
    for organization in (acme, acme, globex):
        await world.access.create_project("Shop", organization.id)
    return acme, globex


async def test_the_first_project_makes_its_organization(world):
    project = await world.access.create_project("Shop")
    (organization,) = await world.access.organizations()
    assert project.organization_id == organization.id
    assert (await world.access.create_project("Another")).organization_id == organization.id
    assert [each.name for each in await world.access.projects()] == ["Shop", "Another"]


async def test_among_several_organizations_a_project_has_to_name_its_own(world):
    acme, globex = await two_organizations(world)
    with pytest.raises(Invalid, match="several organizations"):
        await world.access.create_project("Shop")
    with pytest.raises(NotFound, match="no organization"):
        await world.access.create_project("Shop", uuid4())
    assert [each.organization_id for each in await world.access.projects()] == [acme.id, acme.id, globex.id]


@given(unreadable)
async def test_what_nobody_could_read_is_no_name_and_no_label(name):
    async with access_world("memory") as world:
        await world.access.create_project("Shop")
        for refused in (world.access.create_organization(name), world.access.create_project(name)):
            with pytest.raises(Invalid, match="one line of readable text"):
                await refused
        if name.strip(" "):
            with pytest.raises(Invalid, match="one line of readable text"):
                await world.access.create_key([1], SCOPES, name)
        assert len(await world.access.projects()) == 1


async def test_names_and_labels_of_255_characters_are_taken(world):
    longest = "ä" * 255
    organization = await world.access.create_organization(longest)
    project = await world.access.create_project(longest, organization.id)
    _, key = await world.access.create_key([1], SCOPES, longest)
    assert (organization.name, project.name, key.label) == (longest,) * 3


@pytest.mark.parametrize("projects", [{1}, {1, 2}, {3}])
async def test_a_key_opens_the_projects_that_it_was_made_for_and_no_later_ones(world, projects):
    acme, globex = await two_organizations(world)
    key, _ = await world.access.create_key(projects, SCOPES, "")
    for organization in (acme, globex):
        await world.access.create_project("Later", organization.id)
    assert await world.opens(key) == projects


async def test_an_organization_s_key_opens_all_its_projects_also_later_ones_and_nobody_else_s(world):
    acme, globex = await two_organizations(world)
    key, _ = await world.access.create_key([], SCOPES, "", organization_id=acme.id)
    assert await world.opens(key) == {1, 2}
    later = await world.access.create_project("Later", acme.id)
    await world.access.create_project("Later", globex.id)
    assert await world.opens(key) == {1, 2, later.id}


async def test_a_key_of_an_organization_without_projects_opens_none_but_is_known(world):
    organization = await world.access.create_organization("Empty")
    key, _ = await world.access.create_key([], SCOPES, "", organization_id=organization.id)
    assert await world.opens(key) == frozenset()


async def test_no_key_opens_projects_of_two_organizations(world):
    acme, globex = await two_organizations(world)
    for projects, organization_id in (([1, 3], None), ([1], globex.id), ([3], acme.id)):
        with pytest.raises(Invalid, match="one organization only"):
            await world.access.create_key(projects, SCOPES, "", organization_id=organization_id)
    with pytest.raises(NotFound, match="no project 9"):
        await world.access.create_key([1, 9], SCOPES, "")
    with pytest.raises(NotFound, match="no organization"):
        await world.access.create_key([], SCOPES, "", organization_id=uuid4())
    with pytest.raises(Invalid, match="needs a project"):
        await world.access.create_key([], SCOPES, "")
    assert (await world.access.keys())[0] == []


@given(lifetime=st.timedeltas(min_value=timedelta(seconds=1), max_value=400 * DAY), moment=st.floats(0, 2))
async def test_a_key_opens_up_to_its_end_and_not_from_then_on(lifetime, moment):
    async with access_world("memory") as world:
        await world.access.create_project("Shop")
        key, _ = await world.access.create_key([1], SCOPES, "", expires_at=NOW + lifetime)
        world.clock.at = NOW + lifetime * moment
        assert (await world.opens(key) is not None) == (world.clock.at < NOW + lifetime)


async def test_no_key_is_made_that_has_ended_already(world):
    await world.access.create_project("Shop")
    old, record = await world.access.create_key([1], SCOPES, "")
    for end in (NOW, NOW - DAY):
        with pytest.raises(Invalid, match="expired already"):
            await world.access.create_key([1], SCOPES, "", expires_at=end)
        with pytest.raises(Invalid, match="expired already"):
            await world.access.rotate_key(str(record.id), DAY, expires_at=end)
    assert (await world.access.keys())[0] == [record]
    assert await world.opens(old) == {1}


@given(
    lifetime=st.none() | st.timedeltas(min_value=timedelta(seconds=1), max_value=4 * DAY),
    grace=st.timedeltas(min_value=timedelta(0), max_value=3 * DAY),
    later=st.timedeltas(min_value=timedelta(0), max_value=5 * DAY),
)
async def test_a_rotated_key_works_for_its_grace_and_the_new_one_as_long_as_the_old_would_have(lifetime, grace, later):
    async with access_world("memory") as world:
        await world.access.create_project("Shop")
        end = None if lifetime is None else NOW + lifetime
        old, record = await world.access.create_key([1], {WRITE_SCOPE}, "ci", expires_at=end)
        new, replacing = await world.access.rotate_key(record.prefix, grace)
        rights = ("organization_id", "project_ids", "scopes", "label", "expires_at")
        assert [getattr(replacing, name) for name in rights] == [getattr(record, name) for name in rights]

        world.clock.at = NOW + later
        would_live = end is None or world.clock.at < end
        assert (await world.opens(new) is not None) == would_live
        assert (await world.opens(old) is not None) == (would_live and later < grace)


async def test_a_key_is_rotated_once_and_then_the_one_that_replaced_it(world):
    await world.access.create_project("Shop")
    _, first = await world.access.create_key([1], SCOPES, "")
    _, second = await world.access.rotate_key(str(first.id), DAY)
    # Its successor would end with the grace of the first.
    with pytest.raises(Invalid, match=str(second.id)):
        await world.access.rotate_key(str(first.id), DAY)
    third, _ = await world.access.rotate_key(str(second.id), DAY)
    world.clock.at += 10 * DAY
    assert await world.opens(third) == {1}


async def test_a_rotation_can_give_the_new_key_another_end(world):
    await world.access.create_project("Shop")
    _, record = await world.access.create_key([1], SCOPES, "", expires_at=NOW + DAY)
    new, _ = await world.access.rotate_key(record.prefix, timedelta(0), expires_at=NOW + 90 * DAY)
    world.clock.at += 89 * DAY
    assert await world.opens(new) == {1}


async def test_a_key_that_has_ended_is_not_rotated(world):
    await world.access.create_project("Shop")
    _, expired = await world.access.create_key([1], SCOPES, "", expires_at=NOW + DAY)
    _, revoked = await world.access.create_key([1], SCOPES, "")
    await world.access.revoke_key(revoked.prefix)
    world.clock.at += DAY
    for key in (expired, revoked):
        with pytest.raises(Invalid, match="not valid any more"):
            await world.access.rotate_key(key.prefix, DAY)


async def test_a_revoked_key_opens_nothing_and_stays_revoked_since_the_first_time(world):
    await world.access.create_project("Shop")
    key, record = await world.access.create_key([1], SCOPES, "")
    revoked = await world.access.revoke_key(key)
    assert await world.opens(key) is None
    world.clock.at += DAY
    assert await world.access.revoke_key(str(record.id)) == revoked
    assert [entry.kind for entry in await world.activity()][-3:] == ["project_created", "key_created", "key_revoked"]


async def test_a_key_is_named_by_its_id_its_prefix_or_itself(world):
    await world.access.create_project("Shop")
    for name in (lambda key, _: key, lambda _, record: record.prefix, lambda _, record: str(record.id)):
        key, record = await world.access.create_key([1], SCOPES, "")
        assert (await world.access.revoke_key(name(key, record))).id == record.id


@given(reference=st.one_of(st.text(), st.text().map(lambda text: KEY_MARK + text)))
async def test_no_other_text_names_a_key(reference):
    async with access_world("memory") as world:
        await world.access.create_project("Shop")
        await world.access.create_key([1], SCOPES, "")
        with pytest.raises(NotFound):
            await world.access.revoke_key(reference)


async def test_a_key_that_is_not_known_is_not_repeated_in_full(world):
    key = f"{KEY_MARK}{'s' * 43}"
    with pytest.raises(NotFound) as refused:
        await world.access.revoke_key(key)
    assert f"'{key[:12]}'" in str(refused.value)
    assert key[:13] not in str(refused.value)


async def test_the_keys_of_a_project_are_those_that_open_it(world):
    acme, globex = await two_organizations(world)
    made = [
        (await world.access.create_key(projects, SCOPES, "", organization_id=organization))[1]
        for projects, organization in (([1], None), ([1, 2], None), ([], acme.id), ([3], None), ([], globex.id))
    ]
    listed = {project: (await world.access.keys(project))[0] for project in (None, 1, 2, 3)}
    assert listed == {None: made, 1: made[:3], 2: made[1:3], 3: made[3:]}
    with pytest.raises(NotFound, match="no project 4"):
        await world.access.keys(4)


async def test_the_last_use_of_a_key_is_told_with_it(world):
    await world.access.create_project("Shop")
    _, used = await world.access.create_key([1], SCOPES, "")
    _, unused = await world.access.create_key([1], SCOPES, "")
    async with world.store.write() as tx:
        await tx.access.save_usage(used.id, {}, NOW + DAY)
    found, last_used = await world.access.keys()
    assert found == [used, unused]
    assert last_used == {used.id: NOW + DAY}


async def test_the_audit_log_tells_what_the_operator_did_and_what_each_key_may(world):
    acme, globex = await two_organizations(world)
    _, one = await world.access.create_key([1], {READ_SCOPE}, "ci", expires_at=NOW + 9 * DAY)
    _, two = await world.access.create_key([1, 2], SCOPES, "")
    _, every = await world.access.create_key([], SCOPES, "", organization_id=acme.id)
    _, new = await world.access.rotate_key(one.prefix, DAY)
    await world.access.revoke_key(two.prefix)

    entries = await world.activity()
    assert {entry.actor for entry in entries} == {OPERATOR}
    of_acme, of_globex = Change("organization_id", None, str(acme.id)), Change("organization_id", None, str(globex.id))
    assert [(entry.kind, entry.project_id, entry.changes) for entry in entries[:5]] == [
        ("organization_created", None, (of_acme, Change("name", None, "Acme"))),
        ("organization_created", None, (of_globex, Change("name", None, "Globex"))),
        ("project_created", 1, (Change("name", None, "Shop"), of_acme)),
        ("project_created", 2, (Change("name", None, "Shop"), of_acme)),
        ("project_created", 3, (Change("name", None, "Shop"), of_globex)),
    ]
    assert [(entry.kind, entry.project_id, entry.key_id) for entry in entries[5:]] == [
        ("key_created", 1, one.id),
        ("key_created", None, two.id),
        ("key_created", None, every.id),
        ("key_created", 1, new.id),
        ("key_rotated", 1, one.id),
        ("key_revoked", None, two.id),
    ]
    end, cut, now = ((NOW + after).isoformat() for after in (9 * DAY, DAY, timedelta(0)))
    scopes, first = Change("scopes", None, sorted(SCOPES)), Change("project_ids", None, [1])
    one_right = (of_acme, first, Change("scopes", None, [READ_SCOPE]), Change("expires_at", None, end))
    assert [entry.changes for entry in entries[5:]] == [
        (*named(one, "ci"), *one_right),
        (*named(two, ""), of_acme, Change("project_ids", None, [1, 2]), scopes),
        (*named(every, ""), of_acme, scopes),
        (*named(new, "ci"), *one_right),
        (Change("expires_at", end, cut), Change("replaced_by", None, str(new.id))),
        (Change("revoked_at", None, now),),
    ]


def named(key, label):
    """How the audit log names a key when it is made."""
    return Change("prefix", None, key.prefix), Change("label", None, label)


async def test_the_audit_log_names_the_operator_as_the_system_does(world):
    ann = Actor(ActorType.OPERATOR, label="ann")
    access = replace(world.access, operator=ann)
    await access.create_organization("Acme")
    await access.create_project("Shop", (await access.organizations())[0].id)
    _, key = await access.create_key([1], SCOPES, "")
    _, new = await access.rotate_key(key.prefix, DAY)
    await access.revoke_key(new.prefix)
    assert {entry.actor for entry in await world.activity()} == {ann}


async def test_the_first_organization_is_told_of_though_nobody_asked_for_it():
    async with access_world("memory") as world:
        project = await world.access.create_project("Shop")
        first, second = await world.activity()
    assert (first.kind, first.actor, first.created_at) == ("organization_created", OPERATOR, NOW)
    assert first.changes == (
        Change("organization_id", None, str(project.organization_id)),
        Change("name", None, FIRST_ORGANIZATION),
    )
    assert second.kind == "project_created"


async def test_no_key_and_no_hash_is_in_the_audit_log_or_in_any_print(world):
    await world.access.create_project("Shop")
    first, record = await world.access.create_key([1], SCOPES, "")
    second, replacing = await world.access.rotate_key(record.prefix, DAY)
    await world.access.revoke_key(second)
    printed = repr((await world.activity(), await world.access.keys()))
    for secret in (first, second, record.hash, replacing.hash):
        assert secret not in printed
