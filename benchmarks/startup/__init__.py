"""How long a front-end developer waits for the mock."""
