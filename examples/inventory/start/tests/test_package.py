import unittest

import inventory


class Package(unittest.TestCase):
    def test_it_says_what_it_is(self) -> None:
        self.assertIn("stock", inventory.__doc__ or "")
