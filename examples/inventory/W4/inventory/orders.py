"""An order takes pieces from the shelf, heeds reservations and knows its price."""

from inventory.ledger import Ledger
from inventory.prices import Prices
from inventory.reservations import Reservations


class OrderDesk:
    """Takes orders against one ledger, one price list and the reservations of others."""

    def __init__(self, ledger: Ledger, prices: Prices, reservations: Reservations) -> None:
        self._ledger = ledger
        self._prices = prices
        self._reservations = reservations

    def free(self, article: str) -> int:
        """Return how many pieces nobody has reserved."""
        return self._ledger.on_hand(article) - self._reservations.reserved(article)

    def order(self, article: str, pieces: int) -> int:
        """Take the pieces and return the price in cents."""
        if pieces > self.free(article):
            raise LookupError(f"only {self.free(article)} of {article} are free")
        self._ledger.take(article, pieces)
        return self._prices.total(article, pieces)
