import json
import select
import signal
import subprocess
import sys
from contextlib import contextmanager

import httpx
import pytest

FORBIDDEN = (
    "sqlalchemy", "aiosqlite", "alembic", "dbos", "pyarrow", "chdb", "obstore", "clickhouse_connect",
    "batch_exports.store", "batch_exports.engine", "batch_exports.sources", "batch_exports.destinations",
    "batch_exports.formats", "batch_exports.bootstrap",
)  # fmt: skip
DEADLINE = 30


@contextmanager
def mock_process(*arguments):
    command = [sys.executable, "-m", "mock_server", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def first_line(process):
    ready, _, _ = select.select([process.stdout], [], [], DEADLINE)
    assert ready, "the mock printed nothing in time"
    return process.stdout.readline()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_when_it_is_ready_answers_and_ends_cleanly(number):
    with mock_process("--json") as process:
        said = json.loads(first_line(process))
        assert set(said) == {"url", "keys", "docs", "control"}
        assert set(said["keys"]) == {"admin", "read", "none", "other_project", "expired"}
        headers = {"Authorization": f"Bearer {said['keys']['read']}"}
        page = httpx.get(f"{said['url']}/api/projects/1/batch_exports/", headers=headers)
        assert page.json()["count"] > 0
        assert httpx.get(said["docs"], follow_redirects=True).status_code == 200
        process.send_signal(number)
        out, err = process.communicate(timeout=DEADLINE)
        assert (process.returncode, out, err) == (0, "", "")


def test_it_tells_people_where_it_is_and_how_to_get_in():
    with mock_process("--scenario", "empty") as process:
        line = first_line(process)
    assert "http://127.0.0.1:" in line
    assert "scenario empty" in line
    assert "phx_mock_admin" in line


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (["--scenario", "nonsense"], "typical"),
        (["--port", "99999"], "65535"),
        (["--host", "192.0.2.1"], "--port"),
        (["--port-file", "nowhere/port"], "there is no folder nowhere"),
    ],
)
def test_a_wrong_use_ends_with_one_clear_message(arguments, cause):
    with mock_process(*arguments) as process:
        out, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 2
    assert out == ""
    assert cause in err
    assert "Traceback" not in err


def test_it_loads_nothing_of_production_s_adapters():
    program = (
        "import sys, warnings; warnings.simplefilter('ignore'); import mock_server.app, mock_server.serving; "
        "mock_server.app.create_app(); print('\\n'.join(sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "mock_server.app" in loaded
    found = [name for name in loaded if any(name == each or name.startswith(f"{each}.") for each in FORBIDDEN)]
    assert found == []


def test_the_port_is_found_in_a_file_once_requests_are_answered(tmp_path):
    file = tmp_path / "port"
    with mock_process("--port-file", str(file)) as process:
        said = first_line(process)
        assert f"http://127.0.0.1:{file.read_text()} " in said
        assert httpx.get(f"http://127.0.0.1:{file.read_text()}/healthz").status_code == 200
    assert [each.name for each in tmp_path.iterdir()] == ["port"]


def test_the_same_seed_moment_and_script_give_the_same_bytes_in_another_process():
    def told():
        with mock_process("--json", "--now", "2026-03-02T15:32:00Z", "--seed", "7") as process:
            said = json.loads(first_line(process))
            headers = {"Authorization": f"Bearer {said['keys']['admin']}", "Host": "mock.test"}
            url = f"{said['url']}/api/projects/1/batch_exports/"
            body = {"name": "Mine", "interval": "hour", "destination": {"type": "NoOp", "config": {}}}
            asked = [httpx.post(url, json=body, headers=headers), httpx.get(url, headers=headers)]
            control = {**headers, "X-Mock-Admin": "1", "Host": "localhost"}
            httpx.put(f"{said['url']}/__mock/clock", json={"action": "advance", "by": "3h"}, headers=control)
            asked.append(httpx.get(url, headers=headers))
            return [(answer.status_code, answer.headers["x-request-id"], answer.content) for answer in asked]

    assert told() == told()
