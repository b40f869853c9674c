"""Keys and certificates of a cluster that lives for as long as its tests, by OpenSSL."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

_DAYS = "30"
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True)
class Authority:
    """A certificate authority in a folder, which it makes."""

    folder: Path

    @classmethod
    def create(cls, folder: Path) -> Authority:
        """Make a new authority, and the key that service accounts' tokens are signed with."""
        folder.mkdir(parents=True, mode=0o700)
        authority = cls(folder)
        _openssl("req", "-x509", *_KEY, "-days", _DAYS, "-subj", "/CN=ullage-cluster", *authority._out("ca"))
        _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(folder / "sa.key"))
        return authority

    def issue(self, name: str, subject: str, alternatives: str = "") -> None:
        """Issue ``name.crt`` and ``name.key``, for clients, or for servers of the given names."""
        usage = "serverAuth" if alternatives else "clientAuth"
        extensions = ["-addext", f"extendedKeyUsage={usage}"]
        if alternatives:
            extensions += ["-addext", f"subjectAltName={alternatives}"]
        authority = ["-CA", str(self.folder / "ca.crt"), "-CAkey", str(self.folder / "ca.key")]
        extensions += ["-addext", "basicConstraints=critical,CA:FALSE"]
        _openssl("req", "-x509", *_KEY, "-days", _DAYS, "-subj", subject, *authority, *extensions, *self._out(name))

    def kubeconfig(self, name: str, server: str, path: Path) -> None:
        """Write a kubeconfig that signs in with ``name.crt``."""
        user = {"client-certificate": f"{self.folder}/{name}.crt", "client-key": f"{self.folder}/{name}.key"}
        cluster = {"server": server, "certificate-authority": f"{self.folder}/ca.crt"}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "ullage", "cluster": cluster}],
            "users": [{"name": name, "user": user}],
            "contexts": [{"name": "ullage", "context": {"cluster": "ullage", "user": name}}],
            "current-context": "ullage",
        }
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(config))

    def _out(self, name: str) -> list[str]:
        return ["-keyout", str(self.folder / f"{name}.key"), "-out", str(self.folder / f"{name}.crt")]


def _openssl(*arguments: str) -> None:
    ended = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f"cluster: openssl {arguments[0]} failed: {ended.stderr.strip()}")
