"""Facial expressions as their data sets come: RAF-DB, FERPlus, AffectNet and SFEW, each in the folders of its release.

None of them may be passed on, so none is here: the readers are tested on small files made in the same layout.
"""

from picojoule.data.vision.expressions.reading import LAYOUTS, layout_of, load

__all__ = ["LAYOUTS", "layout_of", "load"]
