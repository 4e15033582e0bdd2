"""``python -m picojoule`` is ``picojoule``."""

import sys

from picojoule.cli.main import main

sys.exit(main())
