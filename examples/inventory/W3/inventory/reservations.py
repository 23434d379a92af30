"""Which pieces are promised to whom."""

from collections import defaultdict


class Reservations:
    """Pieces set aside, by article and customer."""

    def __init__(self) -> None:
        self._held: dict[str, dict[str, int]] = defaultdict(dict)

    def reserve(self, article: str, customer: str, pieces: int) -> None:
        """Set pieces aside for a customer, on top of what is set aside already."""
        self._held[article][customer] = self._held[article].get(customer, 0) + pieces

    def release(self, article: str, customer: str) -> int:
        """Give up a customer's reservation; returns how many pieces it was."""
        return self._held[article].pop(customer, 0)

    def reserved(self, article: str) -> int:
        """Return how many pieces are set aside for anybody."""
        return sum(self._held[article].values())
