"""requirements.lock: every file's hash, no addresses, and versions that pyproject.toml allows."""

import re
import tomllib

from packaging.requirements import Requirement
from packaging.version import Version

from tests.conftest import ROOT

LOCK = (ROOT / "requirements.lock").read_text()
PINNED = re.findall(r"^([a-z0-9][\w.-]*)==([^\s;]+).*?((?:\\\n +--hash=sha256:[0-9a-f]{64} ?)+)$", LOCK, re.MULTILINE)


def test_every_pinned_package_has_hashes_and_no_line_names_a_place() -> None:
    names = re.findall(r"^([a-z0-9][\w.-]*)==", LOCK, re.MULTILINE)
    assert [name for name, *_ in PINNED] == names and len(names) > 150
    assert not re.search(r"https?://|file:|--index|--find-links|[\w.]+/[\w/]+", LOCK)


def test_pinned_versions_are_those_that_pyproject_allows() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    locked = {name: Version(version) for name, version, _ in PINNED}
    named = project["project"]
    optional = [text for extra in named["optional-dependencies"].values() for text in extra]
    for text in [*named["dependencies"], *optional, *project["dependency-groups"]["dev"]]:
        wanted = Requirement(text)
        assert wanted.name == named["name"] or locked[wanted.name] in wanted.specifier, text
