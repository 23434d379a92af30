"""How much generated tests draw: few examples in `make test`, many times as many in `make soak`."""

import os

LONG = os.environ.get("SIGNALBOX_LONG") == "1"


def drawn(few: int) -> int:
    """Return how many examples to draw where `few` will do for a first look."""
    return few * 8 if LONG else few
