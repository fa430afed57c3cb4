"""Another service of the same contract: answers that are passed on, and states that are recorded."""
