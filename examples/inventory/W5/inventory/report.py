"""A stock report as plain text."""

from collections.abc import Mapping


def report(on_hand: Mapping[str, int], minimum: int = 5) -> str:
    """Return one line per article, in order of name; short ones are marked."""
    lines = [
        f"{name:<12}{pieces:>6}{'  order more' if pieces < minimum else ''}" for name, pieces in sorted(on_hand.items())
    ]
    return "\n".join(lines) or "nothing in stock"
