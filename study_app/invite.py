"""Makes invitations: a link of one's own for each volunteer, say for an e-mail. Each takes part once.

    python -m study_app.invite 40 --link https://study.lab.example/ [--first 1] [--study study.yaml] [--to FILE.csv]

The study's `recruitment.platform` must be `invitations`. A second batch begins where the first has ended, here
`--first 41`.
"""

import argparse
import csv
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from pipeline.settings.errors import UserError, run_stage
from pipeline.settings.files import PRIVATE_FILE
from study_app.design.recruitment import invitation
from study_app.design.study import STUDY_FILE, load_study
from study_app.stimuli.manifest import STIMULI, load_secret

MOST = 100_000


def main() -> None:
    """Write a file of links."""
    parser = argparse.ArgumentParser(description="Make a link for each volunteer of a study by invitation.")
    parser.add_argument("count", type=int, help="how many")
    parser.add_argument("--link", required=True, help="the address of the study's first page")
    parser.add_argument("--first", type=int, default=1, help="number of the first one (default 1)")
    parser.add_argument("--study", type=Path, default=STUDY_FILE)
    parser.add_argument("--stimuli", type=Path, default=STIMULI, help="folder that `study_app.stimuli` has written")
    parser.add_argument("--to", type=Path, default=Path("invitations.csv"))
    arguments = parser.parse_args()
    if not 1 <= arguments.count <= MOST or not 1 <= arguments.first <= 10 * MOST:
        raise UserError(f"from 1 to {MOST} invitations can be made, with numbers from 1 on.")
    if urlsplit(arguments.link).scheme not in ("http", "https"):
        raise UserError(f"--link is {arguments.link!r}, but must be an address such as https://study.lab.example/.")
    study = load_study(arguments.study)
    if study.recruitment is None or study.recruitment.platform != "invitations":
        raise UserError(f"{arguments.study} has no `recruitment: {{platform: invitations}}`.")
    if arguments.to.exists():
        raise UserError(f"{arguments.to} is there already, and may hold links that were sent; name another by --to.")
    secret = load_secret(arguments.stimuli)
    numbers = range(arguments.first, arguments.first + arguments.count)
    arguments.to.touch(PRIVATE_FILE)
    with arguments.to.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["number", "invitation", "link"])
        for number in numbers:
            code = invitation(secret, number)
            query = urlencode({study.recruitment.name: code})
            rows.writerow([number, code, f"{arguments.link.partition('?')[0]}?{query}"])
    print(f"{arguments.count} invitations, numbers {numbers[0]} to {numbers[-1]}, in {arguments.to}")


if __name__ == "__main__":
    run_stage(main)
