import unittest

from inventory.reservations import Reservations


class Reserving(unittest.TestCase):
    def test_reservations_of_one_article_add_up(self) -> None:
        held = Reservations()
        held.reserve("bolt", "anna", 2)
        held.reserve("bolt", "ben", 3)
        self.assertEqual(held.reserved("bolt"), 5)

    def test_a_reservation_can_be_given_up(self) -> None:
        held = Reservations()
        held.reserve("bolt", "anna", 2)
        self.assertEqual(held.release("bolt", "anna"), 2)
        self.assertEqual(held.reserved("bolt"), 0)

    def test_the_slip_names_the_deposit(self) -> None:
        held = Reservations()
        held.reserve("bolt", "anna", 2)
        self.assertEqual(held.slip("bolt", "anna"), "2 x bolt, deposit 1.00")
