from collections.abc import Iterator

import pytest

from tests.conftest import FIGURES
from tests.parity.stage import Stage, open_stage


@pytest.fixture(scope="session")
def stage(tmp_path_factory, pytestconfig) -> Iterator[Stage]:
    """Mock and production on SQLite; what all tests compare on it is counted together."""
    with open_stage(tmp_path_factory.mktemp("parity")) as stage:
        yield stage
        pytestconfig.stash[FIGURES].append(f"Parity of mock and production: {stage.figure}.")
