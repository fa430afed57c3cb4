"""Two servers on one database hold a key to one limit."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from batch_exports.domain.throttles import LARGEST_LEASE
from tests.service import Service, run_command

LIMIT = 100


@pytest.fixture
def key(tmp_path):
    where = ("--data-dir", str(tmp_path), "--json")
    project = json.loads(run_command("projects", "create", "--name", "Shop", *where).stdout)["id"]
    made = run_command("keys", "create", "--project", str(project), "--scope", "batch_export:read", *where)
    return json.loads(made.stdout)["key"]


def test_two_servers_never_answer_more_than_the_limit_together(tmp_path, key):
    # An hour, so that no window ends while the test runs.
    environment = {"BATCH_EXPORTS_THROTTLE_PER_HOUR": str(LIMIT)}
    arguments = ("serve", "--port", "0", "--data-dir", str(tmp_path))
    with (
        Service(*arguments, environment=environment) as first,
        Service(*arguments, environment=environment) as second,
        first.client(key) as one,
        second.client(key) as other,
        ThreadPoolExecutor(8) as threads,
    ):
        answers = list(threads.map(lambda number: (one, other)[number % 2].get("/"), range(2 * LIMIT)))
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses.keys() == {200, 429}
    assert LIMIT - 2 * LARGEST_LEASE <= statuses[200] <= LIMIT
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert refused.headers["RateLimit-Remaining"] == "0"
