"""The command `huebench`: one name for what users do, each a module that also runs by itself.

Nothing is imported before it is known which module is meant, so that `huebench --help` answers at once.
"""

import importlib
import sys
from typing import Never

from pipeline.settings.errors import UserError, run_stage, suggestion

# What people type -> the module with its `main`, what it does, and the extra of this package that it needs.
COMMANDS = {
    "score": (
        "huebench.score_folders",
        "measure pictures in folders, with intervals and differences",
        "score",
    ),
    "protocols": ("huebench.list_protocols", "list the published protocols that `score` can follow", ""),
    "colorize": ("pipeline.colorize_photo", "colorize one photograph with a trained network", "score"),
    "compare": ("reports.compare", "compare two states of the results", "pipeline"),
    "ratings": ("reports.ratings", "analyse the ratings of a study", ""),
    "study new": ("study_app.organiser.new", "write the file of a new study after five questions", "study"),
    "study check": ("study_app.organiser.check", "how long, how many volunteers, and what is odd", "study"),
    "study serve": ("study_app.serve", "serve the human study", "study"),
    "study stimuli": ("study_app.stimuli.prepare", "prepare the pictures of a study", "study"),
    "study export": ("study_app.export.tables", "write the answers of a study to files", "study"),
    "study backup": ("study_app.backup", "back up the database of a study", "study"),
    "study set-aside": ("study_app.set_aside", "set sessions aside, with a reason", "study"),
    "study payments": ("study_app.payments", "say who of a platform's volunteers has finished", "study"),
    "study invite": ("study_app.invite", "make a link for each volunteer", "study"),
    "simulate": ("study_app.simulation.simulate", "simulated raters, and how many are needed", "study"),
}
OURS = ("baselines", "huebench", "pipeline", "reports", "study_app")
MISTAKE = 2  # the exit status of a user's mistake, as argparse has it


def main() -> None:
    """Run the module that the first words name."""
    words = sys.argv[1:]
    if not words or words[0] in ("-h", "--help"):
        print(overview())
        return
    for length in (2, 1):
        name = " ".join(words[:length])
        if name in COMMANDS:
            run(name, words[length:])
    given = " ".join(words[:2]) if words[0] == "study" else words[0]
    print(f"error: there is no command {given!r}; {suggestion(given, list(COMMANDS))}", file=sys.stderr)
    sys.exit(MISTAKE)


def overview() -> str:
    """All commands, a line each."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {does}" for name, (_, does, _) in COMMANDS.items()]
    return "\n".join(["usage: huebench COMMAND ...", "", *lines, "", "`huebench COMMAND --help` says more of each."])


def run(name: str, arguments: list[str]) -> Never:
    """Run a command as if its module had been started with these arguments."""
    sys.argv = [f"huebench {name}", *arguments]
    run_stage(lambda: guarded(name))


def guarded(name: str) -> None:
    """A command's `main`; a user's mistake, or a package that is not installed, ends in one sentence and `MISTAKE`."""
    module, _, extra = COMMANDS[name]
    try:
        importlib.import_module(module).main()
    except UserError as error:
        sentence = str(error)
    except ModuleNotFoundError as error:
        if not extra or (error.name or "").partition(".")[0] in OURS:
            raise
        sentence = f"`huebench {name}` needs {error.name}, which is not installed; install huebench[{extra}]."
    else:
        return
    print(f"error: {sentence}", file=sys.stderr)
    sys.exit(MISTAKE)
