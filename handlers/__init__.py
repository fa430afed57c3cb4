"""The HTTP edge: a module per tag of the contract, a function per operationId, each with one use case behind it."""
