import unittest

from inventory.prices import Prices


class Totals(unittest.TestCase):
    def test_a_few_pieces_cost_the_full_price(self) -> None:
        self.assertEqual(Prices({"bolt": "0.20"}).total("bolt", 9), 180)

    def test_ten_pieces_are_a_tenth_cheaper(self) -> None:
        self.assertEqual(Prices({"bolt": "0.20"}).total("bolt", 10), 180)
