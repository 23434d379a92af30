"""Scores the plan reader on a folder of labelled plans, with the scorer that lies in that folder.

The folder is no part of the project: it is found beside the checkout or by SIGNALBOX_PLANS.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bot.core.plan.lint import lint

BESIDE = Path(__file__).resolve().parent.parent.parent / "shared" / "plans"


def plans_folder() -> Path | None:
    """Return the folder of labelled plans, None if there is none."""
    folder = Path(os.environ["SIGNALBOX_PLANS"]) if os.environ.get("SIGNALBOX_PLANS") else BESIDE
    return folder if (folder / "score.py").is_file() else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--diff", action="append", default=[], metavar="NAME", help="show what differs for this plan")
    parser.add_argument("--json", action="store_true", help="print the scores as JSON")
    wanted = parser.parse_args()
    folder = plans_folder()
    if folder is None:
        print(
            f"No labelled plans found: neither SIGNALBOX_PLANS nor {BESIDE.name}/ beside the checkout holds score.py."
        )
        return 0
    with tempfile.TemporaryDirectory() as predictions:
        for label in sorted(folder.glob("*.json")):
            text = label.with_suffix(".md")
            if text.is_file():
                report = lint(text.read_text(encoding="utf-8"))
                Path(predictions, label.name).write_text(json.dumps(report.to_json()), encoding="utf-8")
        options = [part for name in wanted.diff for part in ("--diff", name)] + (["--json"] if wanted.json else [])
        return subprocess.run([sys.executable, folder / "score.py", predictions, *options], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
