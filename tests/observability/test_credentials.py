from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from batch_exports.domain.destinations import SECRET_KEYS, ConnectionCheck
from batch_exports.observability.credentials import HidingChecks
from batch_exports.observability.subject import about, current

PASSED = ConnectionCheck("Reach it", "Check that it answers.", "Passed")


@dataclass
class Asked:
    """Checks that note what they are asked, and what is hidden meanwhile."""

    questions: list = field(default_factory=list)
    hidden: set = field(default_factory=set)

    def run_step(self, kind, config, step):
        self.questions.append((kind, config, step))
        self.hidden |= current().secrets
        return PASSED


@given(kind=st.sampled_from(sorted(SECRET_KEYS)), step=st.integers(0, 3))
def test_the_credentials_of_a_check_and_nothing_else_are_hidden_while_it_runs(kind, step):
    config = {"bucket_name": "exports-2026"} | {key: f"canary-{key}" for key in SECRET_KEYS[kind]}
    asked = Asked()
    with about(request_id="r"):
        assert HidingChecks(asked).run_step(kind, config, step) is PASSED
    assert asked.questions == [(kind, config, step)]
    assert asked.hidden == {f"canary-{key}" for key in SECRET_KEYS[kind]}
