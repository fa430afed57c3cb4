from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contract.worlds import mock_app, production_app

MAKERS: dict[str, Callable[[Path], Any]] = {"mock": mock_app, "production": production_app}


@pytest.fixture(scope="module", params=MAKERS)
def app(request, tmp_path_factory):
    """One world after the other as an application, empty at first and shared by the tests of a module."""
    return MAKERS[request.param](tmp_path_factory.mktemp(request.param))
