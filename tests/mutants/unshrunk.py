"""A plugin of pytest: a property that fails is not shrunk and explained, since a fault need only be noticed."""

from hypothesis import Phase, settings


def pytest_sessionstart() -> None:
    """Derive a profile from the one that the tests have loaded, before they are collected."""
    settings.register_profile("unshrunk", settings.default, phases=[Phase.explicit, Phase.generate])
    settings.load_profile("unshrunk")
