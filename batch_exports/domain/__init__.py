"""The rules of batch exports, without input or output: standard library only."""
