"""What an article costs, in cents."""

from inventory.money import amount


class Prices:
    """A price list with a discount for larger orders."""

    def __init__(self, listed: dict[str, str]) -> None:
        self._cents = {article: amount(text) for article, text in listed.items()}

    def total(self, article: str, pieces: int) -> int:
        """Return what so many pieces cost; ten or more are a tenth cheaper."""
        full = self._cents[article] * pieces
        return full * 9 // 10 if pieces > 10 else full
