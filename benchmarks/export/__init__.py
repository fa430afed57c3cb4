"""What an export costs, against DuckDB writing the same rows: `python -m benchmarks.export --help`."""
