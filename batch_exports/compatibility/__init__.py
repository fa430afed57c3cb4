"""Compares two versions of the contract, and tells which changes break clients, and why."""
