"""Reports of a run, for machines and people."""
