"""The control API: what tests and developers steer the mock with, under `/__mock`."""
