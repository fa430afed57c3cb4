"""Destinations: one folder for each type, which states what it guarantees; none knows another."""
