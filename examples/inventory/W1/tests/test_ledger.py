import unittest

from inventory.ledger import Ledger


class Receiving(unittest.TestCase):
    def test_what_arrives_is_on_hand(self) -> None:
        ledger = Ledger()
        ledger.receive("bolt", 5)
        ledger.take("bolt", 2)
        self.assertEqual(ledger.on_hand("bolt"), 3)

    def test_nothing_is_taken_that_is_not_there(self) -> None:
        with self.assertRaises(LookupError):
            Ledger().take("bolt", 1)
