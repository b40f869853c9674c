"""A real PostgreSQL for the tests, on a socket in a temporary folder. Its own user runs it where we are root."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SERVER_USER = "postgres"


def programs() -> Path | None:
    """Return the folder of the newest PostgreSQL that is installed, by Debian's layout or on the path."""
    folders = [found.parent for found in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if folders:
        return max(folders, key=lambda folder: int(folder.parent.name))
    on_path = shutil.which("initdb")
    return None if on_path is None else Path(on_path).parent


def missing() -> list[str]:
    """Return what this machine lacks for a server."""
    lacks = [] if programs() else ["PostgreSQL's initdb and pg_ctl"]
    if os.geteuid() == 0 and SERVER_USER not in {user.pw_name for user in pwd.getpwall()}:
        lacks.append(f"the user {SERVER_USER}, since root may not run the server")
    return lacks


@contextmanager
def server(listens: str = "", port: int = 5432) -> Iterator[str]:
    """Run a server; give the address of its database. Only a crash of its clients is tested: it syncs nothing.

    It listens on its socket, where everybody is let in, and on a network address if one is given, where passwords are
    asked for.
    """
    user = SERVER_USER if os.geteuid() == 0 else getpass.getuser()
    with tempfile.TemporaryDirectory(prefix="ullage-pg-", dir="/tmp") as name:  # a socket's path is short
        folder = Path(name)
        shutil.chown(folder, user)
        data = folder / "data"
        _run(user, "initdb", "--auth=trust", f"--username={user}", "--encoding=UTF8", "--no-sync", f"--pgdata={data}")
        with (data / "pg_hba.conf").open("a", encoding="utf-8") as rules:
            rules.write("host all all all scram-sha-256\n")
        options = f"-k {folder} -p {port} -c listen_addresses='{listens}' -c fsync=off -c max_connections=100"
        _run(user, "pg_ctl", "--wait", f"--pgdata={data}", f"--log={folder / 'log'}", f"--options={options}", "start")
        try:
            yield f"postgresql+psycopg://{user}@/postgres?host={folder}&port={port}"
        finally:
            _run(user, "pg_ctl", "--wait", "--mode=immediate", f"--pgdata={data}", "stop")


def _run(user: str, program: str, *arguments: str) -> None:
    folder = programs()
    assert folder is not None
    command = [str(folder / program), *arguments]
    owner = user if os.geteuid() == 0 else None
    subprocess.run(command, check=True, user=owner, group=owner, cwd="/", stdout=subprocess.DEVNULL)
