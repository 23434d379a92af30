import unittest

from inventory.report import report


class Reporting(unittest.TestCase):
    def test_short_articles_are_marked(self) -> None:
        lines = report({"bolt": 3, "nut": 50}).splitlines()
        self.assertIn("order more", lines[0])
        self.assertNotIn("order more", lines[1])

    def test_an_empty_shelf_is_said_plainly(self) -> None:
        self.assertEqual(report({}), "nothing in stock")
