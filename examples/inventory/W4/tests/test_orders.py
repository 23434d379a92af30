import unittest

from inventory.ledger import Ledger
from inventory.orders import OrderDesk
from inventory.prices import Prices
from inventory.reservations import Reservations


class Ordering(unittest.TestCase):
    def setUp(self) -> None:
        self.ledger = Ledger()
        self.ledger.receive("bolt", 12)
        self.held = Reservations()
        self.held.reserve("bolt", "anna", 2)
        self.desk = OrderDesk(self.ledger, Prices({"bolt": "0.20"}), self.held)

    def test_an_order_takes_pieces_and_has_a_price(self) -> None:
        self.assertEqual(self.desk.order("bolt", 10), 180)
        self.assertEqual(self.ledger.on_hand("bolt"), 2)

    def test_reserved_pieces_are_not_sold(self) -> None:
        with self.assertRaises(LookupError):
            self.desk.order("bolt", 11)
