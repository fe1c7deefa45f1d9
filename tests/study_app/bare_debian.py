"""deploy/nginx.conf, byte for byte, under Debian's own nginx on a machine where nothing was prepared for it.

    unshare --mount --net --fork python -m tests.study_app.bare_debian

Runs in namespaces of its own: what is written below /etc, /var and /run ends with it, and its ports are nobody else's.
Does what docs/deploy.md says and no more; prints as JSON what came of it. Needs root.
"""

import http.client
import json
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.conftest import ROOT

NAME = "study.example.org"
CERTIFICATE = Path("/etc/letsencrypt/live") / NAME  # what certbot makes
PREPARED = ("/var/cache/nginx", "/var/lib/nginx/huebench", "/var/log/nginx/huebench.log")


class App(BaseHTTPRequestHandler):
    """Stands for a process of the study: modules are immutable and pictures one browser's, as the app sends them."""

    def do_GET(self) -> None:
        self.send_response(200)
        kept = {"/s/": "private", "/assets/": "public"}
        if who := kept.get(self.path.removesuffix("abc")):
            self.send_header("Cache-Control", f"{who}, max-age=31536000, immutable")
        self.end_headers()
        self.wfile.write(b"of the app")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Prepare what the page says, run nginx, ask."""
    lay_over("/etc", "/var", "/run")
    for path in map(Path, PREPARED):
        shutil.rmtree(path, ignore_errors=True)
        path.unlink(missing_ok=True)
    if Path("/etc/nginx/sites-available/default").exists():
        link = Path("/etc/nginx/sites-enabled/default")
        link.unlink(missing_ok=True)
        link.symlink_to("/etc/nginx/sites-available/default")
    certify()
    shutil.copy(ROOT / "deploy" / "nginx.conf", "/etc/nginx/conf.d/huebench.conf")
    tested = subprocess.run(["/usr/sbin/nginx", "-t"], capture_output=True, text=True)
    found: dict[str, object] = {"tested": tested.returncode, "said": tested.stderr}
    if tested.returncode == 0:
        subprocess.run(["/usr/sbin/nginx"], check=True, capture_output=True)
        found |= asked()
    print(json.dumps(found))


def lay_over(*folders: str) -> None:
    """Let writes to these folders go to memory."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    memory = tempfile.mkdtemp(prefix="bare")
    subprocess.run(["mount", "-t", "tmpfs", "none", memory], check=True)
    for folder in folders:
        upper, work = (Path(memory) / part / folder.strip("/") for part in ("upper", "work"))
        upper.mkdir(parents=True)
        work.mkdir(parents=True)
        options = f"lowerdir={folder},upperdir={upper},workdir={work}"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, folder], check=True)


def certify() -> None:
    """A certificate where certbot would put one."""
    CERTIFICATE.mkdir(parents=True)
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}"]
    command += ["-addext", f"subjectAltName=DNS:{NAME}", "-keyout", "privkey.pem", "-out", "fullchain.pem"]
    subprocess.run(command, cwd=CERTIFICATE, check=True, capture_output=True)


def asked() -> dict[str, object]:
    """What nginx answers with an app behind it, and then without."""
    app = ThreadingHTTPServer(("127.0.0.1", 8501), App)
    threading.Thread(target=app.serve_forever, daemon=True).start()
    paths = {"page": "/", "picture": "/s/abc", "module": "/assets/abc", "health": "/readyz"}
    found: dict[str, object] = {name: ask(path)[0] for name, path in paths.items()}
    app.shutdown()
    app.server_close()
    found["page without an app"], _ = ask("/")
    found["module without an app"] = [ask("/assets/abc")[0], ask("/assets/abc")[1].decode()]  # from nginx's own store
    found["picture without an app"] = ask("/s/abc")[0]
    plain = http.client.HTTPConnection("127.0.0.1", 80)
    plain.request("GET", "/?s=x", headers={"Host": NAME})
    reply = plain.getresponse()
    found["plain"] = [reply.status, reply.headers["Location"]]
    found["logged"] = Path("/var/log/nginx/huebench.log").read_text()
    found["visits"] = Path("/var/log/nginx/access.log").read_text()
    return found


def ask(path: str) -> tuple[int, bytes]:
    """One GET over TLS, to the name that stands in the file."""
    trusted = ssl.create_default_context(cafile=str(CERTIFICATE / "fullchain.pem"))
    with socket.create_connection(("127.0.0.1", 443), timeout=30) as plain:
        connection = http.client.HTTPConnection(NAME)
        connection.sock = trusted.wrap_socket(plain, server_hostname=NAME)
        connection.request("GET", path)
        reply = connection.getresponse()
        return reply.status, reply.read()


if __name__ == "__main__":
    main()
