"""Whatever happens in whichever order, runs go only where they may, and every view shows the same of them."""

import asyncio
from datetime import datetime

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from batch_exports.domain.runs import OPEN_STATUSES, RunStatus
from mock_server.progression import ENDS, FAILURES, NEXT, Mode
from tests.mock_server.http import EXPORTS
from tests.mock_server.steering import everything, progress, steered
from tests.mock_server.worlds import S3

MISSING = {**S3, "config": {**S3["config"], "bucket_name": "missing"}}
REACHABLE = {**NEXT, RunStatus.STARTING: {RunStatus.STARTING, *NEXT[RunStatus.STARTING]}}
REACHABLE[RunStatus.RUNNING] = {RunStatus.RUNNING, *NEXT[RunStatus.RUNNING]}
MOST_EXPORTS = 3
NUMBER = st.integers(0, 1000)


def require_sound(run):
    times = [
        datetime.fromisoformat(run[name]) for name in ("created_at", "last_updated_at", "finished_at") if run[name]
    ]
    assert times == sorted(times)
    assert (run["finished_at"] is None) == (run["status"] in OPEN_STATUSES)
    assert 0 <= (run["records_completed"] or 0) <= (run["records_total_count"] or 0)
    assert (run["latest_error"] is not None) == (run["status"] in FAILURES)


def require_follows(before, after):
    assert after["status"] in REACHABLE.get(RunStatus(before["status"]), {before["status"]})
    assert (after["records_completed"] or 0) >= (before["records_completed"] or 0)
    if before["status"] not in OPEN_STATUSES:
        assert after == before


class Interleavings(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.runner = asyncio.Runner()
        self.context = steered()
        self.client, self.first = self.run(self.context.__aenter__())
        self.exports = [self.first]
        self.mode = Mode.CLOCK
        self.steered_runs, self.listed_runs = {}, {}

    def teardown(self):
        self.run(self.come_to_rest())
        self.run(self.context.__aexit__(None, None, None))
        self.runner.close()

    def run(self, work):
        return self.runner.run(work)

    def send(self, method, url, **options):
        return self.run(self.client.request(method, url, **options))

    def an_export(self, number):
        return self.exports[number % len(self.exports)]

    def a_run(self, number):
        """The control API's address of a run, and production's."""
        runs = self.run(everything(self.client))
        if not runs:
            return None, None
        run = runs[number % len(runs)]
        return f"/__mock/runs/{run['id']}/", f"{EXPORTS}{run['batch_export_id']}/runs/{run['id']}/"

    @precondition(lambda self: len(self.exports) < MOST_EXPORTS)
    @rule(interval=st.sampled_from(["hour", "every 5 minutes"]), destination=st.sampled_from([S3, MISSING]))
    def create(self, interval, destination):
        made = self.send("POST", EXPORTS, json={"name": "More", "interval": interval, "destination": destination})
        self.exports.append(f"{EXPORTS}{made.json()['id']}/")

    @rule(seconds=st.one_of(st.integers(0, 10), st.integers(0, 2000)))
    def advance(self, seconds):
        answer = self.send("PUT", "/__mock/clock", json={"action": "advance", "by": f"{seconds}s"})
        assert answer.status_code == 200

    @rule(mode=st.sampled_from(Mode), polls=st.integers(1, 4), outcome=st.sampled_from([None, None, None, *ENDS]))
    def move_otherwise(self, mode, polls, outcome):
        self.run(progress(self.client, mode, polls=polls, outcome=outcome))
        self.mode = mode

    @rule(number=NUMBER, looks=st.integers(1, 3))
    def look(self, number, looks):
        _, run = self.a_run(number)
        url = run or self.an_export(number)

        async def together():
            return await asyncio.gather(*(self.client.get(url) for _ in range(looks)))

        assert {answer.status_code for answer in self.run(together())} == {200}

    @rule(number=NUMBER, body=st.one_of(st.none(), st.builds(lambda to: {"to": to}, st.sampled_from(RunStatus))))
    def step(self, number, body):
        url, _ = self.a_run(number)
        if url is not None:
            assert self.send("POST", f"{url}step", json=body).status_code in {200, 409}

    @rule(number=NUMBER)
    def cancel(self, number):
        _, url = self.a_run(number)
        if url is not None:
            assert self.send("POST", f"{url}cancel/").status_code in {200, 400}

    @rule(number=NUMBER)
    def retry(self, number):
        _, url = self.a_run(number)
        if url is not None:
            assert self.send("POST", f"{url}retry/").status_code in {200, 201, 409}

    @rule(number=NUMBER, hours=st.integers(1, 3))
    def backfill(self, number, hours):
        body = {"start_at": "2026-03-01T00:00:00Z", "end_at": f"2026-03-01T0{hours}:00:00Z"}
        url = self.an_export(0 if hours > 1 else number)
        assert self.send("POST", f"{url}backfills/", json=body).status_code in {201, 409, 429}

    @rule(number=NUMBER)
    def unpause(self, number):
        self.send("POST", f"{self.an_export(number)}unpause/")

    @invariant()
    def runs_go_only_where_they_may(self):
        for run in self.run(everything(self.client)):
            assert set(run["next"]) == set(NEXT.get(RunStatus(run["status"]), ()))
            if run["id"] in self.steered_runs:
                require_follows(self.steered_runs[run["id"]], run)
            self.steered_runs[run["id"]] = run

    @precondition(lambda self: self.mode is not Mode.POLLS)
    @invariant()
    def every_view_shows_the_same(self):
        for export in self.exports:
            listed = self.send("GET", f"{export}runs/").json()["results"]
            latest = self.send("GET", export).json()["latest_runs"]
            assert latest == listed[: len(latest)]
            assert len(latest) == min(10, len(listed))
            for run in listed:
                require_sound(run)
                if run["id"] in self.listed_runs:
                    require_follows(self.listed_runs[run["id"]], run)
                self.listed_runs[run["id"]] = run
            for run in listed[:3]:
                assert self.send("GET", f"{export}runs/{run['id']}/").json() == run

    async def come_to_rest(self):
        """However runs moved, none is lost: by the clock each of them ends."""
        for export in self.exports:
            await self.client.post(f"{export}pause/")
        await progress(self.client, Mode.CLOCK)
        await self.client.put("/__mock/clock", json={"action": "advance", "by": "1d"})
        assert not {run["status"] for run in await everything(self.client)} & OPEN_STATUSES
        for export in self.exports:
            backfills = (await self.client.get(f"{export}backfills/")).json()["results"]
            assert not {backfill["status"] for backfill in backfills} & OPEN_STATUSES


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(max_examples=30, stateful_step_count=25)
