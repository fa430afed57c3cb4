"""A PostgreSQL database has one worker, also when its connection is lost."""

import os
from contextlib import ExitStack, suppress
from pathlib import Path

import psycopg
import pytest

from batch_exports.engine import WorkerAlreadyRunning
from batch_exports.engine.lock import sole_worker
from tests.engine.conftest import url_of
from tests.engine.world import ending, launch, make_database
from tests.postgres import PostgresServer


def break_connections(url: str) -> None:
    """What a restart of the server does to workers."""
    with psycopg.connect(url, autocommit=True) as connection:
        workers = "application_name LIKE 'batch-exports worker%' AND datname = current_database()"
        connection.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {workers}")


def test_a_database_is_held_by_one_worker_until_it_leaves(postgres_url: str) -> None:
    with sole_worker(postgres_url) as confirm:
        confirm()
        with pytest.raises(WorkerAlreadyRunning, match=rf"\(process {os.getpid()} on .*\) already works"):
            sole_worker(postgres_url).__enter__()
    with sole_worker(postgres_url.replace("postgresql:", "postgresql+psycopg:")) as confirm:
        confirm()


def test_a_worker_that_has_left_is_followed_by_another_at_once(postgres_url: str) -> None:
    for _ in range(200):
        with sole_worker(postgres_url) as confirm:
            confirm()


def test_databases_of_one_server_have_a_worker_each(postgres_url: str, postgres: PostgresServer) -> None:
    with sole_worker(postgres_url), sole_worker(postgres.create_database()) as confirm:
        confirm()


def test_a_worker_whose_connection_broke_holds_the_database_again(postgres_url: str) -> None:
    with sole_worker(postgres_url) as confirm:
        break_connections(postgres_url)
        confirm()
        with pytest.raises(WorkerAlreadyRunning):
            sole_worker(postgres_url).__enter__()


def test_a_worker_whose_place_was_taken_meanwhile_learns_of_it(postgres_url: str) -> None:
    with sole_worker(postgres_url) as confirm:
        break_connections(postgres_url)
        with sole_worker(postgres_url), pytest.raises(WorkerAlreadyRunning):
            confirm()


def test_a_worker_at_work_whose_place_was_taken_ends(tmp_path: Path, postgres: PostgresServer) -> None:
    url = url_of("postgresql", tmp_path, postgres)
    make_database(url)
    worker = launch(tmp_path, url, {"tick_seconds": 0.5})
    with ending([worker]), ExitStack() as held:
        assert worker.process.stdout.readline() == "ready\n", worker.log.read_text()
        take_over(held, url.replace("+psycopg", ""))
        assert worker.process.wait(timeout=20) == 4
    assert "Another worker" in worker.log.read_text()


def take_over(held: ExitStack, url: str) -> None:
    for _ in range(100):
        break_connections(url)
        with suppress(WorkerAlreadyRunning):
            held.enter_context(sole_worker(url))
            return
    pytest.fail("the worker was faster each time")
