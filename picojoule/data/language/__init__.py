"""Texts and questions about them: the bAbI tasks, from their public files or generated."""
