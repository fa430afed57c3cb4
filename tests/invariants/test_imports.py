"""What is loaded by what: drivers load on first use, so that nobody pays for, or needs, those of others."""

import subprocess
import sys

import pytest

DRIVERS = {
    "aiosqlite", "alembic", "chdb", "clickhouse_connect", "cryptography", "dbos", "isal", "obstore", "psycopg",
    "pyarrow", "sqlalchemy",
}  # fmt: skip
SERVERS = {"connexion", "jsonschema", "starlette", "uvicorn"}


def loaded_by(statement):
    program = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize(
    "statement",
    [
        "import handlers.exports, handlers.runs, handlers.backfills, handlers.destinations",
        "import batch_exports.contract.app",
        "import batch_exports.services",
        "import batch_exports.destinations.registry",
        "import mock_server.app; mock_server.app.create_app()",
        "import batch_exports.cli",
    ],
)
def test_no_driver_is_loaded_before_its_use(statement):
    assert loaded_by(statement) & DRIVERS == set()


def test_the_production_world_loads_no_driver_of_a_destination_or_an_event_store():
    loaded = loaded_by("import batch_exports.server")
    assert "sqlalchemy" in loaded
    assert loaded & {"chdb", "clickhouse_connect", "obstore"} == set()


def test_the_domain_and_the_settings_are_the_standard_library_s_alone():
    statement = "import pkgutil, importlib, batch_exports.settings, batch_exports.domain as domain\n"
    statement += "for each in pkgutil.iter_modules(domain.__path__, 'batch_exports.domain.'):\n"
    statement += "    importlib.import_module(each.name)"
    others = loaded_by(statement) - loaded_by("") - sys.stdlib_module_names
    assert {name for name in others if not name.startswith("_sysconfigdata")} == {"batch_exports"}


def test_the_command_line_itself_loads_no_server():
    assert loaded_by("import batch_exports.cli") & SERVERS == set()
