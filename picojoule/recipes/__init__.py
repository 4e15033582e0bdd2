"""The eighteen systems, independent of each other, on shared floors. The index needs no torch."""
