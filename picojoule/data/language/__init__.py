"""Texts: the bAbI tasks with their questions, and sentences with relations; from public files or generated."""
