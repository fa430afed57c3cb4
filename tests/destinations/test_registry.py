"""The registry: what every type answers, and what loads when."""

import subprocess
import sys

import pytest

from batch_exports.destinations.egress_gate import EgressGate
from batch_exports.destinations.registry import DestinationRegistry
from batch_exports.domain.destinations import SECRET_KEYS, CheckStatus, connection_checks
from batch_exports.domain.errors import PermanentFailure
from tests.destinations.worlds import LOOPBACK, FileWorld, context

WRITERS = {"S3", "File", "NoOp"}
OTHERS = sorted(SECRET_KEYS.keys() - WRITERS)


@pytest.mark.parametrize("kind", OTHERS)
def test_a_type_without_a_writer_says_just_that(tmp_path, kind):
    with pytest.raises(PermanentFailure, match=f"{kind} destinations yet"):
        DestinationRegistry(EgressGate(LOOPBACK)).open(kind, context(FileWorld(tmp_path)))
    (planned,) = connection_checks(kind)
    result = DestinationRegistry(EgressGate(LOOPBACK)).run_step(kind, {}, 0)
    assert (result.name, result.status) == (planned.name, CheckStatus.SKIPPED)
    assert "destinations yet" in (result.message or "")


def test_no_driver_loads_before_its_destination_is_used():
    program = (
        "import sys, batch_exports.destinations.registry\n"
        "print([name for name in ('obstore', 'pyarrow', 'isal', 'brotli') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_missing_extra_is_one_clear_line():
    program = (
        "import sys; sys.modules['obstore'] = None\n"
        "from batch_exports.destinations.egress_gate import EgressGate\n"
        "from batch_exports.destinations.registry import DestinationRegistry\n"
        "from batch_exports.domain.egress import PUBLIC\n"
        "from batch_exports.domain.errors import PermanentFailure\n"
        "print(DestinationRegistry(EgressGate(PUBLIC)).run_step('S3', {}, 0).message)\n"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.count("\n") == 1
    assert "pip install 'batch-exports[s3]'" in found.stdout
