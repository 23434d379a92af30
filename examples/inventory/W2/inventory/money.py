"""Amounts of money, as people write them."""


def amount(text: str) -> int:
    """Return an amount like "0.50" in cents: whole numbers add up exactly."""
    euros, _, cents = text.partition(".")
    return int(euros) * 100 + int(cents or 0)
