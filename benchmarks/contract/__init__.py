"""What it costs to prove the contract in process, next to stock Schemathesis over HTTP."""
