"""Python's garbage collector, told what it need not look at."""

import gc
from typing import Final

NEW_OBJECTS: Final = 50_000
"""How many new objects make it look; Python's own number is 700, which a few events reach."""


def settle() -> None:
    """Leave alone all there is now, which stays until the end: modules, classes, what is wired.

    To be called once everything is imported and made. A thousand events of one call took a fifth
    longer while the collector walked through all modules on the way.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 20, 20)
