import unittest

from inventory.money import amount


class Amounts(unittest.TestCase):
    def test_an_amount_is_in_cents(self) -> None:
        self.assertEqual(amount("0.50"), 50)
        self.assertEqual(amount("12"), 1200)
