"""A new, empty database of each kind."""

from pathlib import Path

import pytest

from tests.store.databases import url_of


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return url_of(tmp_path / "store.db")
    return str(request.getfixturevalue("postgres_url"))
