"""What the operations of the control API work on."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from batch_exports.contract.context import Context
from mock_server.operations import Operations
from mock_server.sandboxes import Sandbox, Sandboxes


@dataclass
class State:
    """The mock, as one request to steer it finds it."""

    sandboxes: Sandboxes
    operations: Operations
    """Those of the API that is mocked."""
    find: Callable[[], Sandbox]
    strict: bool
    """Whether the mock answers as production does, whatever the rules say."""

    @cached_property
    def sandbox(self) -> Sandbox:
        """The world that the request is about, made if there is none."""
        return self.find()


def state_of(ctx: Context) -> State:
    """What an operation works on."""
    found: State = ctx.state["mock"]
    return found
