"""Batch exports: each interval of a project's data, written once and completely to where its users want it."""

__version__ = "0.1.0"
