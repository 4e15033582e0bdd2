"""Data sets as values, real loaders and their synthetic twins."""
