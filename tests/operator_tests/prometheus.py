"""A real Prometheus beside the tests."""

from __future__ import annotations

import json
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self


class Prometheus:
    """A Prometheus that scrapes one address twice a second."""

    def __init__(self, folder: Path, target: str, rules: Path | None = None) -> None:
        self._port = _free_port()
        scrape = {"job_name": "ullage", "scrape_interval": "500ms", "scrape_timeout": "400ms"}
        config: dict[str, Any] = {"scrape_configs": [{**scrape, "static_configs": [{"targets": [target]}]}]}
        if rules is not None:
            config |= {"rule_files": [str(rules)], "global": {"evaluation_interval": "1s"}}
        (folder / "prometheus.yml").write_text(json.dumps(config))
        self._command = [
            "prometheus",
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/tsdb",
            f"--web.listen-address=127.0.0.1:{self._port}",
        ]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def series(self, query: str) -> list[dict[str, Any]]:
        """Return what an instant query gives: series with labels and a value; none while it does not answer.

        Raises
        ------
        ValueError
            The query is refused.
        """
        url = f"http://127.0.0.1:{self._port}/api/v1/query?query={urllib.parse.quote(query)}"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                result: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        except urllib.error.HTTPError as error:
            if error.code == HTTPStatus.SERVICE_UNAVAILABLE:
                return []
            raise ValueError(f"{query}: {error.read().decode()}") from error
        except OSError:
            return []
        return result

    def value(self, query: str) -> float | None:
        """Return the value of an instant query; null where there is no series."""
        found = self.series(query)
        return float(found[0]["value"][1]) if found else None


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
