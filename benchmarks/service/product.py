"""The contestant: the product as it is served, throttle and metrics included."""

import os
from typing import Any

from batch_exports.observability.instruments import Instruments
from batch_exports.server import create_app as create_production_app
from batch_exports.settings import Settings


def create_app() -> Any:
    """The application over the database that the environment names."""
    return create_production_app(Settings.read(os.environ), Instruments(os.environ))
