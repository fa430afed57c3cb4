"""The conformance suite: proves over HTTP that a deployment, production or mock, keeps the contract."""
