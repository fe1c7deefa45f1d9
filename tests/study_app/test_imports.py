"""The study never loads torch: it runs on a small machine."""

import subprocess
import sys

from tests.conftest import environment
from tests.study_app.volunteers import ROOT

PROGRAM = """
import importlib, pkgutil, sys
import study_app
names = [found.name for found in pkgutil.walk_packages(study_app.__path__, "study_app.")]
for name in names:
    if not name.startswith("study_app.migrations"):
        importlib.import_module(name)
assert len(names) > 15, names
print(sorted({name.partition(".")[0] for name in sys.modules} & {"torch", "torchvision", "dvc", "numba"}))
"""


def test_no_module_of_the_study_loads_torch() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr
