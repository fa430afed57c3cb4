"""Makes `python -m mock_server` the same as `batch-exports mock`."""

from mock_server.cli import mock

mock(prog_name="python -m mock_server")
