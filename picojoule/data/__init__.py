"""Floor 1: data sets as values, real loaders and their synthetic twins."""
