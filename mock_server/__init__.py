"""The mock: production's handlers and services over a world in memory, seeded from fixtures, with a movable clock."""
