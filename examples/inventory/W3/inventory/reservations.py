"""Which pieces are promised to whom, and what the customer pays for that."""

from collections import defaultdict

from inventory.money import amount

DEPOSIT = amount("0.50")  # for each piece, in cents


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

    def slip(self, article: str, customer: str) -> str:
        """Return what the customer gets on paper, with the deposit in euros."""
        pieces = self._held[article][customer]
        euros, cents = divmod(pieces * DEPOSIT, 100)
        return f"{pieces} x {article}, deposit {euros}.{cents:02}"
