import pytest

from tests.contract_layer.lab import Client, lab_app


@pytest.fixture(scope="session")
def app():
    return lab_app()


@pytest.fixture
def client(app):
    return Client(app)


@pytest.fixture
def anonymous(app):
    return Client(app, token=None)
