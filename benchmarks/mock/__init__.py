"""What the mock costs: next to other mocks of the same contract, on top of production's code, and by itself."""
