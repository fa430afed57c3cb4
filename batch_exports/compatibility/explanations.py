"""Whom a change breaks, and what to do instead."""

from typing import NamedTuple

from batch_exports.compatibility.differences import Difference, Verdict
from batch_exports.contract.schemas import Mode


class Explanation(NamedTuple):
    """What a change means for people."""

    concerns: str
    """Whom it breaks and how, or why nobody."""
    advice: str
    """What to do instead; empty if there is nothing to do."""


_DEPRECATE = "Keep it, mark it as `deprecated`, and remove it with the next major version."
_KEEP_NAME = "Keep the name. A better one can be told in the summary."
_OPTIONAL = "Make it optional, with the behaviour of today when it is absent."
_OTHER_FIELD = "Leave this as it is, and offer the new form beside it under a new name."

_SENDER = Explanation(
    "A client that sends what was taken until now is refused.",
    "Go on taking it; refuse it with the next major version.",
)
_READER = Explanation(
    "A client that reads the answer can meet what the contract ruled out until now.",
    "Keep the promise, or tell the new thing in a new optional field beside it.",
)
_GENERATED = "Clients that were generated from the contract no longer compile"
_NO_SENDER = Explanation("Nobody: whatever clients send today is still taken.", "")
_NO_READER = Explanation("Nobody: clients can read every answer as before.", "")
_NOBODY = Explanation("Nobody: no request and no answer changes.", "")

_RENAMED = Explanation(f"{_GENERATED}: their types are named after schemas.", _KEEP_NAME)
_REQUESTS = {
    "schema-renamed": _RENAMED,
    "operation-removed": Explanation("Every client that calls it gets a 404 or a 405.", _DEPRECATE),
    "operation-id-changed": Explanation(f"{_GENERATED}: their functions are named after operations.", _KEEP_NAME),
    "tag-changed": Explanation(
        f"{_GENERATED}: their modules are named after tags.", "Keep the tag first; others may follow it."
    ),
    "path-parameter-renamed": Explanation(f"{_GENERATED}: their arguments are named after parameters.", _KEEP_NAME),
    "server-removed": Explanation("Every client that uses addresses under it gets a 404.", _DEPRECATE),
    "security-tightened": Explanation(
        "A client with only these credentials gets a 401.", "Go on letting them in beside the new ones."
    ),
    "security-scheme-changed": Explanation(
        "A client that presents its credentials as before gets a 401.", "Declare a second scheme, and take either."
    ),
    "scope-added": Explanation(
        "A client whose key has only the scopes of before gets a 403.",
        "Ask for the new scope in a new operation, or let the old scope include it.",
    ),
    "parameter-removed": Explanation("A client that sends it is refused, or no longer heard.", _DEPRECATE),
    "ignored-parameter-removed": Explanation("A client that sends it by habit gets a 400.", "Go on ignoring it."),
    "required-parameter-added": Explanation("Every client of today leaves it out, and gets a 400.", _OPTIONAL),
    "parameter-became-required": Explanation("A client that leaves it out gets a 400.", _OPTIONAL),
    "parameter-style-changed": Explanation("A client that writes it as before is misunderstood.", _OTHER_FIELD),
    "body-added": Explanation("Every client of today sends none, and gets a 400.", _OPTIONAL),
    "body-became-required": Explanation("A client that sends none gets a 400.", _OPTIONAL),
    "media-type-removed": Explanation("A client that sends it gets a 415.", "Go on taking it beside the others."),
    "property-removed": Explanation("A client that sends it is refused, or no longer heard.", _DEPRECATE),
    "required-property-added": Explanation("Every client of today leaves it out, and gets a 400.", _OPTIONAL),
    "property-became-required": Explanation("A client that leaves it out gets a 400.", _OPTIONAL),
    "default-changed": Explanation(
        "A client that leaves it out gets something else than before.",
        "Keep the default; who wants the other value can send it.",
    ),
    "discriminator-changed": Explanation("A client that names the branch as before is refused.", _OTHER_FIELD),
    "mapping-removed": Explanation("A client that names the branch as before is refused.", _DEPRECATE),
}
_RESPONSES = {
    "schema-renamed": _RENAMED,
    "status-added": Explanation(
        "A client that handles the documented statuses alone does not know what to do.",
        "Answer with a status that is documented already, and tell the case by `code`.",
    ),
    "status-removed": Explanation(
        "A client that waits for this status never sees it.", "Keep the status; new facts belong in the body."
    ),
    "media-type-removed": Explanation("A client that reads it finds nothing.", "Go on offering it."),
    "header-removed": Explanation("A client that reads it finds nothing.", _DEPRECATE),
    "header-became-optional": Explanation("A client that relies on it may find nothing.", "Go on sending it always."),
    "property-removed": Explanation("A client that reads it finds nothing.", _DEPRECATE),
    "property-became-optional": Explanation(
        "A client that relies on it may find nothing.", "Go on sending it always, as null or empty if need be."
    ),
    "property-added": Explanation(
        "A client that refuses unknown properties, as the contract told it to, cannot read the answer.",
        "Open the object with the next major version, and add properties from then on.",
    ),
    "null-added": Explanation(
        "A client that uses the value without looking fails on null.", "Send an empty value, or a new optional field."
    ),
    "enum-value-added": Explanation(
        "A client that knows the listed values alone (an exhaustive switch, a strict decoder) fails on the new one.",
        "Send the new value only to clients that ask for it, or in a new field; or release it as a major version.",
    ),
    "branch-added": Explanation(
        "A client that knows the listed kinds alone cannot read the new one.",
        "Send the new kind only to clients that ask for it; or release it as a major version.",
    ),
    "type-changed": Explanation("A client that decodes the former type fails.", _OTHER_FIELD),
    "format-changed": Explanation("A client that parses the former format fails.", _OTHER_FIELD),
    "discriminator-changed": Explanation("A client that looks at the former property finds no branch.", _OTHER_FIELD),
    "mapping-removed": Explanation("A client that knows the branch by this value never finds it.", _DEPRECATE),
}
_UNDECIDED = {
    "pattern-changed": "whether one pattern takes all that the other takes is not computed",
    "default-changed": "what its absence meant without a default stands nowhere",
    "choice-changed": "the branches of the two versions do not answer to each other",
    "multiple-changed": "whether all multiples of one are multiples of the other is not computed",
}
_SHOW = "If it is compatible, show it with tests and release it with the version of a breaking change all the same."


def explain(difference: Difference) -> Explanation:
    """Whom a difference breaks and how, and what to do instead."""
    if difference.verdict is Verdict.UNDECIDED:
        reason = _UNDECIDED.get(difference.kind, "no rule knows this keyword")
        return Explanation(f"Cannot be decided, so it counts as breaking by caution: {reason}.", _SHOW)
    if difference.verdict is Verdict.DOCUMENTATION:
        return _NOBODY
    is_request = difference.mode is Mode.REQUEST
    if difference.verdict is Verdict.COMPATIBLE:
        return _NO_SENDER if is_request else _NO_READER
    special = _REQUESTS if is_request else _RESPONSES
    return special.get(difference.kind, _SENDER if is_request else _READER)
