"""What deploy/ holds works as it is on a Debian where nothing was prepared, with Debian's own programs."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.study_app.browsing import missing

CLOSED = ("--mount", "--net", "--fork", "--kill-child")
DEPLOY = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """What came of following docs/deploy.md."""
    if not Path("/usr/sbin/nginx").exists() or not Path("/etc/debian_version").exists():
        missing("no nginx of Debian: `apt-get install nginx`")
    if os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("ip") is None:
        pytest.skip("only root can lay /etc and /var over; run this file as root: `sudo make test`")
    command = ["unshare", *CLOSED, sys.executable, "-m", "tests.study_app.bare_debian"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    if done.returncode and "mount" in done.stderr:
        pytest.skip(f"this machine lets nobody lay folders over: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_nginx_takes_the_file_as_it_is(found: dict[str, Any]) -> None:
    assert found["tested"] == 0, found["said"]
    assert "warn" not in found["said"]


def test_pages_and_pictures_come_and_modules_are_kept_by_debians_own_user(found: dict[str, Any]) -> None:
    assert (found["page"], found["picture"], found["module"], found["health"]) == (200, 200, 200, 404)
    assert found["module without an app"] == [200, "of the app"]
    assert (found["page without an app"], found["picture without an app"]) == (503, 502)


def test_plain_http_leads_to_https_and_no_visit_is_logged(found: dict[str, Any]) -> None:
    assert found["plain"] == [301, "https://study.example.org/?s=x"]
    assert found["logged"] == found["visits"] == ""


def test_every_folder_that_the_file_names_is_one_that_a_package_makes() -> None:
    """Without nginx, too: certbot makes the certificate's, Debian's nginx the others."""
    paths = set(re.findall(r"(?<=\s)/(?:etc|var|srv|run)/[^\s;]+", re.sub(r"#.*", "", DEPLOY)))
    assert {str(Path(path).parent) for path in paths} == {
        "/etc/letsencrypt/live/study.example.org",
        "/var/lib/nginx",
        "/var/log/nginx",
    }
