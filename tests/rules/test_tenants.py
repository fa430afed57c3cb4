"""Two tenants at once: whatever either does, neither sees nor changes what is the other's, in both worlds."""

from uuid import uuid4

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.rules.callers import NOOP, OWN, PAST, bearer, done, refusal

PROJECTS = {"admin": 1, "other_project": 2}
OTHER = {"admin": "other_project", "other_project": "admin"}
tenants = st.sampled_from(sorted(PROJECTS))

# What can be asked about one export: method, path behind it, body.
ACTIONS = [
    ("GET", "", None),
    ("PUT", "", NOOP),
    ("PATCH", "", {"name": "Taken over"}),
    ("DELETE", "", None),
    ("POST", "/pause", None),
    ("POST", "/unpause", {}),
    ("POST", "/backfill", PAST),
    ("POST", "/backfills", PAST),
    ("POST", "/run_test_step", {"step": 0}),
    ("GET", "/runs", None),
    ("GET", "/backfills", None),
    ("GET", "/logs", None),
    ("GET", "/activity", None),
]
# What can be asked about a run or a backfill of it.
PART_ACTIONS = [("GET", ""), ("POST", "/cancel"), ("POST", "/retry"), ("GET", "/logs")]
LISTS = ("runs", "backfills", "logs", "activity")


class Tenants(RuleBasedStateMachine):
    """Knows what each tenant's exports are like, and holds that against what they are shown."""

    client = None
    exports = Bundle("exports")

    def __init__(self):
        super().__init__()
        self.shown = {tenant: {} for tenant in PROJECTS}
        self.parts = {}
        # Other examples share the world.
        self.marks = {tenant: f"{tenant}-{uuid4().hex}" for tenant in PROJECTS}

    def ask(self, tenant, method, path, body=None, **options):
        answer = self.client.request(method, path, json=body, headers=bearer(tenant), **options)
        assert answer.status_code < 500, answer.text
        assert self.marks[OTHER[tenant]] not in answer.text
        foreign = {*self.shown[OTHER[tenant]]} - {path.split("/")[5] if path.count("/") > 4 else None}
        assert not [each for each in foreign if each in answer.text]
        return answer

    def look(self, tenant, export):
        """All that an export's owner can see of it."""
        path = f"{OWN}/{export}"
        lists = {each: done(self.ask(tenant, "GET", f"{path}/{each}")) for each in LISTS}
        for kind in ("runs", "backfills"):
            self.parts.setdefault(export, set()).update((kind, row["id"]) for row in lists[kind]["results"])
        return done(self.ask(tenant, "GET", path)), lists

    @initialize(target=exports)
    def begin(self):
        # Something to steal, whatever the program does.
        export = self.create("admin", paused=False)
        self.act(("admin", export), ACTIONS[7])
        return "admin", export

    @rule(target=exports, tenant=tenants, paused=st.booleans())
    def make(self, tenant, paused):
        return tenant, self.create(tenant, paused)

    def create(self, tenant, paused):
        made = done(self.ask(tenant, "POST", OWN, {**NOOP, "name": self.marks[tenant], "paused": paused}))
        assert made["team_id"] == PROJECTS[tenant]
        self.shown[tenant][made["id"]] = None
        self.shown[tenant][made["id"]] = self.look(tenant, made["id"])
        return made["id"]

    @rule(export=exports, action=st.sampled_from(ACTIONS))
    def act(self, export, action):
        """An owner does something, which has to work unless the export is gone."""
        tenant, export_id = export
        method, path, body = action
        if body == NOOP or method == "PATCH":
            body = {**body, "name": self.marks[tenant]}
        answer = self.ask(tenant, method, f"{OWN}/{export_id}{path}", body)
        if export_id not in self.shown[tenant]:
            refusal(answer, 404)
        elif method == "DELETE":
            assert answer.status_code == 204
            del self.shown[tenant][export_id]
        elif body == PAST and answer.status_code == 409:
            assert refusal(answer, 409)[0] == "conflict", "the range is being exported already"
        else:
            assert answer.is_success, answer.text
            self.shown[tenant][export_id] = self.look(tenant, export_id)

    @rule(export=exports, action=st.sampled_from(ACTIONS), numbered=st.booleans())
    def trespass(self, export, action, numbered):
        """The other tenant tries the same, by its own project or by the owner's."""
        tenant, export_id = export
        method, path, body = action
        project = PROJECTS[tenant] if numbered else "@current"
        url = f"/api/projects/{project}/batch_exports/{export_id}{path}"
        refusal(self.ask(OTHER[tenant], method, url, body), 403 if numbered else 404)

    @rule(export=exports, through=exports, action=st.sampled_from(PART_ACTIONS), data=st.data())
    def trespass_on_a_part(self, export, through, action, data):
        """The other tenant tries a run or backfill, by its owner's export or by one of its own."""
        tenant, export_id = export
        parts = sorted(self.parts.get(export_id, ()))
        intruder, own_export = through
        if not parts or intruder == tenant:
            return
        kind, part = data.draw(st.sampled_from(parts))
        method, path = action
        for owner in (export_id, own_export):
            url = f"{OWN}/{owner}/{kind}/{part}{path}"
            allowed = {404} | ({405} if path in {"/retry", "/logs"} and kind == "backfills" else set())
            assert self.ask(intruder, method, url).status_code in allowed

    @rule(tenant=tenants, export=exports)
    def filter_logs_by_a_foreign_run(self, tenant, export):
        owner, export_id = export
        own = next(iter(self.shown[tenant]), None)
        run = next((part for kind, part in sorted(self.parts.get(export_id, ())) if kind == "runs"), None)
        if owner != tenant and own and run:
            page = done(self.ask(tenant, "GET", f"{OWN}/{own}/logs", params={"instance_id": run}))
            assert page["results"] == []

    @rule(tenant=tenants)
    def ask_for_all_of_the_other(self, tenant):
        refusal(self.ask(tenant, "GET", f"/api/projects/{PROJECTS[OTHER[tenant]]}/batch_exports"), 403)
        page = done(self.ask(tenant, "GET", OWN, params={"search": self.marks[OTHER[tenant]]}))
        assert (page["count"], page["results"]) == (0, [])

    @rule(key=st.sampled_from(["first", "second"]))
    def use_one_idempotency_key(self, key):
        for tenant, project in PROJECTS.items():
            headers = {**bearer(tenant), "Idempotency-Key": f"{self.marks['admin']}-{key}"}
            made = done(self.client.post(OWN, json={**NOOP, "name": "Same"}, headers=headers))
            assert made["team_id"] == project
            self.client.delete(f"{OWN}/{made['id']}", headers=bearer(tenant))

    @invariant()
    def everybody_s_exports_are_as_their_owner_left_them(self):
        for tenant, exports in self.shown.items():
            listed = done(self.ask(tenant, "GET", OWN, params={"search": self.marks[tenant], "limit": 1000}))
            assert {each["id"] for each in listed["results"]} == {*exports}
            for export_id, seen in exports.items():
                assert self.look(tenant, export_id) == seen

    def teardown(self):
        for tenant, exports in self.shown.items():
            for export_id in exports:
                self.client.delete(f"{OWN}/{export_id}", headers=bearer(tenant))


def test_no_key_sees_or_changes_what_belongs_to_another_project(world):
    machine = type("TenantsOfOneWorld", (Tenants,), {"client": world.client})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=12, stateful_step_count=20, suppress_health_check=[*HealthCheck])
    )
