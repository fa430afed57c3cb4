"""Cypress itself is a program of its own that no package brings.

The commands are compiled against Cypress' types (test_types.py), and run here by a stand-in for its queue against a
real mock.
"""

from tests.clients.node import ROOT, passes


def test_the_commands_steer_a_world(mock_url):
    assert passes(ROOT / "tests" / "clients" / "cypress" / "commands.test.ts", MOCK_URL=mock_url) == 7
