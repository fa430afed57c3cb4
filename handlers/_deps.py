"""The one way from a request to the use cases."""

from collections.abc import Callable, Mapping
from typing import Any

from batch_exports.contract.context import Context
from batch_exports.domain.activity import Actor, ActorType
from batch_exports.services import Services


def services(ctx: Context) -> Services:
    """The use cases that the application's lifespan put into its state."""
    found: Services = ctx.state["services"]
    return found


def actor(ctx: Context) -> Actor:
    """Who makes the change that a request asks for."""
    principal = ctx.principal
    return Actor(ActorType.API_KEY, principal.id, principal.label, ctx.request_id)


def destination_check(ctx: Context) -> Callable[[Mapping[str, Any]], None]:
    """Validates a destination that was merged from a stored and a sent one, as if it had been sent whole."""
    return lambda destination: ctx.check("DestinationRequest", destination, at="destination")
