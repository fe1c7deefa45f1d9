"""The study never loads torch: it runs on a small machine. Its rooms stand on one another, without a circle."""

import ast
import subprocess
import sys

from tests.conftest import ROOT, environment

ORDER = (
    "design",
    "stimuli",
    "storage",
    "export",
    "server",
    "pages",
    "simulation",
    "organiser",
)  # then the commands at the root
PROGRAM = """
import importlib, pkgutil, sys
import study_app
names = [found.name for found in pkgutil.walk_packages(study_app.__path__, "study_app.")]
for name in names:
    if not name.startswith("study_app.storage.migrations"):
        importlib.import_module(name)
assert len(names) > 15, names
print(sorted({name.partition(".")[0] for name in sys.modules} & {"torch", "torchvision", "dvc", "numba"}))
"""


def test_no_module_of_the_study_loads_torch() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


def test_no_room_imports_from_one_above_it() -> None:
    for place, room in enumerate(ORDER):
        for path in (ROOT / "study_app" / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and (module := node.module or "").startswith("study_app"):
                    assert module.split(".")[1:2] in [[below] for below in ORDER[: place + 1]], f"{path} from {module}"
