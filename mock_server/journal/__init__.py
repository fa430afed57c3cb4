"""What was asked of a world, and what it answered."""
