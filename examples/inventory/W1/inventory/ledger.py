"""How many pieces of each article there are."""

from collections import Counter


class Ledger:
    """Counts pieces by article number; never below nothing."""

    def __init__(self) -> None:
        self._pieces: Counter[str] = Counter()

    def receive(self, article: str, pieces: int) -> None:
        """Add pieces that arrived."""
        if pieces <= 0:
            raise ValueError("a delivery has at least one piece")
        self._pieces[article] += pieces

    def take(self, article: str, pieces: int) -> None:
        """Remove pieces that left the shelf."""
        if pieces > self._pieces[article]:
            raise LookupError(f"only {self._pieces[article]} of {article} left")
        self._pieces[article] -= pieces

    def on_hand(self, article: str) -> int:
        """Return how many pieces there are."""
        return self._pieces[article]
