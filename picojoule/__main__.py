"""``python -m picojoule`` is ``picojoule``."""

from picojoule.cli.main import command

command()
