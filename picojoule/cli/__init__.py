"""The command line: ``picojoule VERB ...``. Nothing heavy is imported before a verb needs it."""
