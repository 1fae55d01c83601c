"""Questions that starting asks: does it answer, did it change, is the port free?

Standard library only.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import socket
import tempfile
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from assurance.embedded import psql
from assurance.home import postgres_programs
from assurance.processes import ROOT, Refusal


def ask(port: int) -> tuple[int, str]:
    """Status and body of /readyz on loopback, or of /healthz where there is no such page.

    Status 0 when nothing answers.
    """
    for path in ("/readyz", "/healthz"):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            status, body = response.status, response.read(2000).decode(errors="replace")
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            connection.close()
        if status != 404:
            return status, body
    return 404, "neither /readyz nor /healthz is there"


def check_port(port: int) -> None:
    """Raises Refusal, with a free port to take instead, when something listens on this one."""
    if not _is_free(port):
        other = next((one for one in range(port + 1, port + 200) if _is_free(one)), None)
        advice = f"--port {other} is free" if other else "choose another with --port"
        raise Refusal(f"Port {port} on this machine is taken by another program; {advice}.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the web server will: connections that are closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def check_database(url: str) -> None:
    """Raises Refusal with the server's words when DATABASE_URL gives no usable PostgreSQL."""
    try:
        version = int(psql(postgres_programs(), url, "SHOW server_version_num"))
    except Refusal as refusal:
        raise Refusal(
            f"DATABASE_URL gives no PostgreSQL: {refusal}\nCorrect it, or unset it to use the"
            " embedded one."
        ) from None
    if version < 150000:
        raise Refusal(
            f"DATABASE_URL leads to PostgreSQL {version // 10000}; 15 or newer is needed."
        )


def check_redis(url: str) -> None:
    """Raises Refusal when nothing takes connections at REDIS_URL."""
    parts = urlsplit(url)
    try:
        if parts.scheme in ("redis", "rediss"):
            where = (parts.hostname or "127.0.0.1", parts.port or 6379)
            socket.create_connection(where, 3).close()
    except (OSError, ValueError) as error:
        raise Refusal(
            f"Nothing answers at REDIS_URL ({parts.hostname}:{parts.port or 6379}): {error}."
            " Correct it, or unset it to use the embedded Valkey."
        ) from None


def migration_mark() -> str:
    """Changes whenever a migration of ours or a dependency does."""
    rooms = ("assurance", "reviews", "incidents")
    ours = [file for room in rooms for file in (ROOT / room).glob("**/migrations/*.py")]
    return mark_of([*ours, ROOT / "requirements.txt"])


def static_mark() -> str:
    """Changes whenever a static file, the settings or a dependency does."""
    ours = [file for file in (ROOT / "static").rglob("*") if file.is_file()]
    storage = os.environ.get("COUNTERMARK_STATICFILES", "")
    return storage + mark_of([*ours, ROOT / "requirements.txt", ROOT / "assurance/settings.py"])


def mark_of(files: Iterable[Path]) -> str:
    """One hash over names and contents."""
    total = hashlib.sha256()
    for file in sorted(files):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        total.update(f"{file.relative_to(ROOT)} {content}\n".encode())
    return total.hexdigest()


def temporary_folder() -> Path:
    """A new folder that the services' user can reach, also when we are root."""
    folder = Path(tempfile.mkdtemp(prefix="countermark-"))
    folder.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return folder
