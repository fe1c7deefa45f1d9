"""deploy/nginx.conf as it is, behind it two processes of the app on one PostgreSQL: one is killed, nothing is lost."""

import asyncio
import hashlib
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import numpy as np
import pytest

from study_app.design.study import Study
from study_app.server.assets import load_assets
from study_app.simulation.drivers import Measured, over_network, run_live
from study_app.simulation.effects import Leaving
from study_app.simulation.ledger import balance
from study_app.simulation.simulate import make_raters
from study_app.stimuli.addresses import Addresses
from study_app.stimuli.manifest import Stimuli
from study_app.storage.database import Database
from study_app.storage.store import Store
from tests.conftest import ROOT
from tests.study_app.browsing import missing
from tests.study_app.opinions import small_effects
from tests.study_app.postgres import PostgresServer
from tests.study_app.servers import AppServer, free_port
from tests.study_app.visitors import Visit, visit
from tests.study_app.volunteers import prepared_study

NAME = "study.example.org"
MAIN = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/main.log info;
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/huebench.conf;
}}
"""


@dataclass
class Deployed:
    """A study behind nginx. `trusted`: believes its certificate."""

    study: Study
    stimuli: Stimuli
    database: str
    processes: list[AppServer]
    address: str
    plain: str
    folder: Path
    trusted: ssl.SSLContext


@pytest.fixture(scope="module")
def deployed(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """Two processes, one database, one nginx."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None:
        missing("no nginx on the path: `apt-get install nginx`")
    folder = tmp_path_factory.mktemp("deployed")
    study, stimuli = prepared_study(folder, votes_per_cell=20, exposure_ms=50, mask_ms=0)
    database = postgres.new_database()
    processes = [AppServer(database, folder / "study.yaml", folder / "stimuli") for _ in range(2)]
    home = Path(tempfile.mkdtemp(prefix="nginx"))
    https, http = free_port(), free_port()
    make_certificate(home)
    (home / "huebench.conf").write_text(site(home, https, http, [process.port for process in processes]))
    (home / "nginx.conf").write_text(MAIN.format(folder=home))
    running = subprocess.Popen(
        [nginx, "-p", str(home), "-c", str(home / "nginx.conf")], stderr=subprocess.PIPE, text=True
    )
    trusted = ssl.create_default_context(cafile=home / "fullchain.pem")
    try:
        wait_for_port(https, running)
        addresses = f"https://localhost:{https}", f"http://localhost:{http}"
        yield Deployed(study, stimuli, database, processes, *addresses, home, trusted)
    finally:
        running.terminate()
        running.wait()
        for process in processes:
            process.close()
        shutil.rmtree(home)


def make_certificate(folder: Path) -> None:
    """Self-signed, for localhost."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", "privkey.pem", "-out", "fullchain.pem"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def site(folder: Path, https: int, http: int, ports: list[int]) -> str:
    """deploy/nginx.conf with this machine's paths and ports in place of the example's; each must occur."""
    text = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    changes = {
        f"/etc/letsencrypt/live/{NAME}/": f"{folder}/",
        "/var/lib/nginx/": f"{folder}/cache-",
        "/var/log/nginx/": f"{folder}/",
        f"https://{NAME}": f"https://localhost:{https}",
        f"server_name {NAME}": "server_name localhost",
        "listen 443 ssl": f"listen 127.0.0.1:{https} ssl",
        "listen 80;": f"listen 127.0.0.1:{http};",
        "127.0.0.1:8501 ": f"127.0.0.1:{ports[0]} ",
        "127.0.0.1:8502 ": f"127.0.0.1:{ports[1]} ",
    }
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return re.sub(r" *listen \[::\].*\n", "", text)


def wait_for_port(port: int, process: subprocess.Popen[str]) -> None:
    """Return once nginx listens."""
    for _ in range(200):
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            assert process.poll() is None, process.stderr and process.stderr.read()
            time.sleep(0.05)
    raise AssertionError("nginx does not listen")


def ask(deployed: Deployed, path: str, cookie: str = "") -> tuple[int, dict[str, str], bytes]:
    """One GET with nothing but a cookie: status, headers, body."""
    url = path if "://" in path else deployed.address + path
    reply = httpx2.get(url, headers={"Cookie": cookie} if cookie else {}, verify=deployed.trusted)
    return reply.status_code, dict(reply.headers), reply.content


def test_the_page_sets_the_cookie_once_and_keeps_the_app_s_headers(deployed: Deployed) -> None:
    status, headers, body = ask(deployed, "/")
    assert status == 200 and b"<!doctype html>" in body.lower()
    assert re.fullmatch(r"huebench_process=[0-9a-f]{32}; Path=/; HttpOnly; Secure; SameSite=Lax", headers["set-cookie"])
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff" and "max-age" in headers["strict-transport-security"]
    assert "nginx/" not in headers["server"]
    again = ask(deployed, "/", cookie=headers["set-cookie"].partition(";")[0])[1]
    assert "set-cookie" not in again


def test_pictures_are_immutable_whole_and_one_browser_s_and_modules_are_kept_by_nginx(deployed: Deployed) -> None:
    addresses, stimulus = Addresses(deployed.stimuli), deployed.stimuli.manifest.stimuli[0]
    for session in ("A" * 22, "A" * 22, "B" * 22):
        address = addresses.of(stimulus, session, "trial", "0", "0")
        status, headers, picture = ask(deployed, f"/s/{address}")
        assert (status, headers["cache-control"]) == (200, "private, max-age=31536000, immutable")
        assert hashlib.sha256(picture).hexdigest() == addresses.sha256(address)
        assert "set-cookie" not in headers
    status, headers, _ = ask(deployed, module_of(deployed))
    assert (status, headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    kept = b"".join(path.read_bytes() for path in (deployed.folder / "cache-huebench").rglob("*") if path.is_file())
    assert module_of(deployed).encode() in kept and b"/s/" not in kept and picture[:200] not in kept


def module_of(deployed: Deployed) -> str:
    """The address of one of the study's own modules."""
    return f"/{load_assets((), deployed.stimuli.secret).base}digests.js"


def test_oversized_messages_questions_about_health_and_plain_http_end_at_nginx(deployed: Deployed) -> None:
    reply = httpx2.post(f"{deployed.address}/api/answers", content=b"x" * 70_000, verify=deployed.trusted)
    assert reply.status_code == 413
    assert ask(deployed, "/readyz")[0] == 404
    status, headers, _ = ask(deployed, f"{deployed.plain}/?s=abc")
    assert (status, headers["location"]) == (301, f"{deployed.address}/?s=abc")


def test_visitors_get_through_the_pages_over_tls_and_websockets(deployed: Deployed) -> None:
    async def arrive() -> list[Visit]:
        return await asyncio.gather(
            *(visit(deployed.address, ["/"], number, 0, deployed.trusted) for number in range(6))
        )

    assert [(one.ending, len(one.pages)) for one in asyncio.run(arrive())] == [("trials", 5)] * 6


def test_one_of_two_processes_is_killed_and_every_acknowledged_answer_is_there_once(deployed: Deployed) -> None:
    store = Store(Database(deployed.database), deployed.study, deployed.stimuli, simulated=True)
    leaving = Leaving(share=0.2, come_back=1, away_minutes=1)
    effects = replace(small_effects(lost_replies=0.1), leaving=leaving)
    raters = make_raters(deployed.study, effects, deployed.stimuli, 30, seed=3)
    measured: list[Measured] = []

    async def run() -> None:
        async with over_network(deployed.address, measured, deployed.trusted) as send:
            taking = asyncio.create_task(run_live(raters, list(np.linspace(0, 40, 30)), send, speed=20))
            await asyncio.sleep(2.5)
            assert not taking.done()
            assert all(connections(process.port) for process in deployed.processes)  # both are at work
            deployed.processes[0].kill()
            await taking

    asyncio.run(run())
    assert ask(deployed, "/")[0] == 200
    book = balance(store, raters)
    store.database.close()
    assert Counter(rater.ending for rater in raters) == {"completed": 30}
    assert (book.lost, book.doubled, book.acknowledged) == (0, 0, 30 * deployed.study.trials)
    assert book.cells[1] - book.cells[0] <= 1
    assert {one.status for one in measured if one.status >= 500} <= {503}


def connections(port: int) -> int:
    """How many established TCP connections end at a port of this machine."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


def test_without_any_process_the_page_is_friendly_and_answers_are_asked_for_again(deployed: Deployed) -> None:
    """The last test of this file: it leaves no process alive."""
    for process in deployed.processes:
        process.kill()
    status, headers, body = ask(deployed, "/")
    assert (status, headers["refresh"]) == (503, "5") and b"tries again by itself" in body
    status, _, body = ask(deployed, "/api/plan")
    assert status == 503 and b'"reason": "busy"' in body
    assert ask(deployed, module_of(deployed))[0] == 200  # from nginx's own store


def test_no_log_of_nginx_holds_an_address(deployed: Deployed) -> None:
    ask(deployed, "/s/none")
    logs = {path.name: path.read_text() for path in deployed.folder.glob("*.log")}
    assert set(logs) == {"main.log", "huebench.log"}
    assert logs["huebench.log"] == ""
    assert "client:" not in logs["main.log"]
    assert not list(deployed.folder.glob("*access*"))
