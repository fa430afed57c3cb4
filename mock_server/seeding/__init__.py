"""From the short notes of a scenario to exports, runs and backfills with a history that holds together."""
