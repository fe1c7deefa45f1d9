"""Everything that needs a GPU, in one command for a bare machine that is there for a quarter of an hour.

    python -m bench.gpu_session --pack VOCDEVKIT --out DATA        # at home: photographs small enough to travel
    python -m bench.gpu_session --data DATA --out HOME --minutes 9 # on the machine; again to go on
    python -m bench.gpu_session --tiny --out HOME                  # a rehearsal on a processor, in two to three minutes

It checks what runs on GPUs alone, measures its speed, trains the paper's networks and the baselines at the paper's
size and scores them. Each step is a process with a time limit. What is there is always in HOME: session.md and
session.json (figures), rows.zip, sheet.webp, usage.csv, log.txt and segmenter.zip. Its state lies in `--work`; without
that folder a second call, on another machine, starts from what the first brought home (`--from`, or what lies in HOME).
"""

import argparse
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from bench.gpu import home
from bench.gpu.plan import PAPER, TINY
from bench.gpu.session import Options, Session
from bench.gpu.training_queue import TrainingQueue
from pipeline.settings import provenance
from pipeline.settings.errors import UserError, run_stage

WORK = Path(".gpu/work")


def main() -> None:
    """Pack, or run a session."""
    began, arguments = time.monotonic(), parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped; the same command goes on."))
    if arguments.pack:
        from bench.gpu.data import pack

        made = pack(arguments.pack, arguments.out)
        print(
            f"{made.train:,} training and {made.val:,} validation photographs, {made.bytes / 2**20:.1f} MiB, "
            f"JPEG quality {made.quality}, in {made.seconds:.0f} s"
        )
        return
    if not arguments.tiny and not arguments.data:
        raise UserError("give --data, a folder that --pack has made, or rehearse with --tiny.")
    previous = arguments.previous or (arguments.out if (arguments.out / home.FILE).exists() else None)
    if previous and not (arguments.work / home.FILE).exists():
        home.restore(previous, arguments.work)
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu" and not arguments.tiny:
        raise UserError("PyTorch sees no GPU on this machine; --tiny rehearses without one.")
    commit = arguments.commit or provenance.commit()
    scale = TINY if arguments.tiny else replace(PAPER, seeds=tuple(arguments.seeds))
    until = began + 60 * arguments.minutes
    options = Options(arguments.out, arguments.work, arguments.data, until, scale, commit, device)
    with Session(options) as session:
        session.checks()
        session.speed()
        if session.journal.done("data"):
            TrainingQueue(session).train_all()
            session.settle()
    print((arguments.out / home.TABLE).read_text(encoding="utf-8"))


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pack", type=Path, metavar="VOCDEVKIT", help="make DATA from a VOCdevkit-style folder")
    parser.add_argument("--data", type=Path, help="what --pack has made; --tiny paints scenes without it")
    parser.add_argument("--out", type=Path, required=True, help="where results, or the packed photographs, go")
    parser.add_argument("--seeds", type=int, nargs="+", default=PAPER.seeds, help="of semantics and no_semantics")
    parser.add_argument("--minutes", type=float, default=9.0, help="for everything")
    parser.add_argument("--work", type=Path, default=WORK, help="the session's state, in an ignored folder")
    parser.add_argument("--from", dest="previous", type=Path, metavar="HOME", help="what an earlier call brought home")
    parser.add_argument("--commit", default="", help="the code's commit, where git is not at hand")
    parser.add_argument("--tiny", action="store_true", help="rehearse: 32 px, width 1/8, one epoch, few pictures")
    return parser.parse_args()


if __name__ == "__main__":
    run_stage(main)
