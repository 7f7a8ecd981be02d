"""`python3 -m unittest discover tests` runs this, after `warren build`."""

import subprocess
import sys
import unittest
from pathlib import Path

PROGRAM = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROGRAM))

from greeting import greeting  # noqa: E402


class Greet(unittest.TestCase):
    def test_a_greeting_has_the_name(self):
        self.assertEqual(greeting("Ada"), "hello, Ada")

    def test_the_program_greets(self):
        printed = subprocess.check_output(["warren", "run", PROGRAM, "Ada"], text=True)
        self.assertTrue(printed.startswith("hello, Ada, from process "), printed)


if __name__ == "__main__":
    unittest.main()
