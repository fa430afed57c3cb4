"""Looks at what the service needs and says what is wrong; it makes and changes nothing that is kept."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from batch_exports.bootstrap import cipher_of, egress_policy, open_source
from batch_exports.domain.errors import ExportFailure
from batch_exports.domain.exports import Model
from batch_exports.domain.selections import Selection
from batch_exports.settings import PREFIX, BadSetting, Settings, documentation
from batch_exports.store import SecretsUnreadable, StoreUnusable, is_current, survey

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, whether it is in order, and what there is to say about it."""

    subject: str
    healthy: bool
    text: str

    def line(self) -> str:
        """The finding in one line."""
        return f"{'ok   ' if self.healthy else 'WRONG'} {self.subject}: {' '.join(self.text.split())}"


class _Wrong(Exception):
    """A check found something that has to be put right."""


def examine(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Look at one thing after the other."""
    checks: Mapping[str, Callable[[], str]] = {
        "settings": lambda: _settings(environment),
        "data folder": lambda: _data_folder(settings),
        "database": lambda: _database(settings),
        "encryption key": lambda: _encryption_key(settings),
        "event store": lambda: _event_store(settings),
        "egress policy": lambda: _egress(settings),
    }
    for subject, check in checks.items():
        try:
            yield Finding(subject, healthy=True, text=check())
        except (_Wrong, BadSetting, StoreUnusable, SecretsUnreadable, ExportFailure, OSError) as error:
            yield Finding(subject, healthy=False, text=str(error))


def _settings(environment: Mapping[str, str]) -> str:
    known = [name for name, _, _ in documentation()]
    given = sorted(name for name in environment if name.startswith(PREFIX))
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise _Wrong(f"{name} is no setting{f'; did you mean {near[0]}?' if near else '.'}")
    return f"{', '.join(given) or 'all at their defaults'}."


def _data_folder(settings: Settings) -> str:
    folder = settings.data_dir
    if not folder.exists():
        raise _Wrong(f"{folder} does not exist; `batch-exports migrate` makes it.")
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise _Wrong(f"{folder} is not a folder that this user can write to.")
    return f"{folder.absolute()} can be written to."


def _database(settings: Settings) -> str:
    _require_database(settings)
    if not is_current(settings.store_url):
        raise _Wrong("Its tables are not those of this version; run `batch-exports migrate`.")
    return "Its tables are those of this version."


def _encryption_key(settings: Settings) -> str:
    if settings.secret_key is None and not settings.key_file.exists():
        raise _Wrong(f"{settings.key_file} does not exist; `batch-exports migrate` makes it.")
    cipher = cipher_of(settings)
    _require_database(settings)
    if not is_current(settings.store_url):
        return "It can be read."
    use = survey(settings.store_url, cipher)
    use.require_known()
    if use.older:
        return (
            f"It can be read. The credentials of {use.older} exports still need an older key; "
            "`batch-exports secrets rotate` ends that."
        )
    if settings.old_secret_keys:
        return "It can be read, and opens what is stored; BATCH_EXPORTS_OLD_SECRET_KEYS is not needed any more."
    return "It can be read, and opens what is stored."


def _event_store(settings: Settings) -> str:
    if settings.clickhouse_url is not None:
        where = f"The cluster at {urlsplit(settings.clickhouse_url).hostname}"
    else:
        _data_folder(settings)
        where = "The embedded one"
    with open_source(settings) as source:
        source.count(Selection(project_id=1, model=Model.EVENTS, start=_EPOCH, end=_EPOCH + timedelta(hours=1)))
    return f"{where} answers."


def _egress(settings: Settings) -> str:
    policy = egress_policy(settings)
    besides = ", ".join(sorted(policy.allowed)) or "none"
    return f"Exports may reach hosts of the kind '{policy.mode}'; besides: {besides}."


def _require_database(settings: Settings) -> None:
    # To look into a file that does not exist would make it.
    scheme, _, rest = settings.store_url.partition(":///")
    if scheme.startswith("sqlite") and not Path(rest.partition("?")[0]).exists():
        raise _Wrong("There is none yet; `batch-exports migrate` makes it.")
