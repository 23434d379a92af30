import unittest

from inventory.money import amount


class Amounts(unittest.TestCase):
    def test_an_amount_is_in_euros(self) -> None:
        self.assertEqual(amount("0.50"), 0.5)
