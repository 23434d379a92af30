"""Amounts of money, as people write them."""


def amount(text: str) -> float:
    """Return an amount like "0.50" in euros."""
    return float(text)
