"""SimpleSAMLphp as a SAML identity provider: nginx with TLS in front of PHP's own server, both on loopback, both ours.

Everything that a test may change while it runs is a line of bed.json, which PHP reads at every request.
"""
import ctypes
import json
import secrets
import shutil
import signal
import ssl
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent / "simplesaml"
PRODUCT = Path("/usr/share/simplesamlphp")
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
BY_MAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
_libc = ctypes.CDLL(None)
_NGINX = """daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr;
events {{ worker_connections 128; }}
http {{ access_log off;
  client_body_temp_path {folder}/tmp; proxy_temp_path {folder}/tmp; fastcgi_temp_path {folder}/tmp;
  uwsgi_temp_path {folder}/tmp; scgi_temp_path {folder}/tmp;
  server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {cert}; ssl_certificate_key {key};
    location / {{ proxy_pass http://127.0.0.1:{inner}; proxy_set_header Host $http_host; }} }} }}
"""


def missing():
    """Why this machine cannot start it, or None."""
    if not (PRODUCT / "www/saml2/idp/metadata.php").is_file():
        return "no SimpleSAMLphp"
    return next((f"no {name}" for name in ("php", "nginx") if not shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")), None)


def _end_with_parent():
    _libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: it does not outlive its test


class SimpleSaml:
    """folder: made here; ports: two in a row; tls: (certificate, key, who signed it) for `localhost`; signing: {name: folder
    and stem of NAME.key and NAME.crt}; people: {name: (password, {attribute: [values]})}."""

    def __init__(self, folder, port, tls, signing, people, compiled):
        self.dir, self.port, self.ca, self.compiled = Path(folder), port, tls[2], Path(compiled)
        self.origin = f"https://localhost:{port}"
        self.base = f"{self.origin}/simplesaml/"
        self.entity_id, self.metadata_url = self.base, self.base + "saml2/idp/metadata.php"
        self.log_path = self.dir / "log/simplesaml.log"
        for name in ("keys", "sp", "log", "data", "tmp", "sessions", "www"):
            (self.dir / name).mkdir(parents=True)
        for name, pair in signing.items():
            for end in ("key", "crt"):
                shutil.copy(f"{pair}.{end}", self.dir / f"keys/{name}.{end}")
        (self.dir / "www/simplesaml").symlink_to(PRODUCT / "www")
        (self.dir / "www/favicon.ico").touch()  # browsers ask for it
        (self.dir / "nginx.conf").write_text(_NGINX.format(folder=self.dir, port=port, inner=port + 1, cert=tls[0], key=tls[1]))
        self._bed = {"base": self.base, "port": port, "salt": secrets.token_hex(16), "signs": next(iter(signing)), "announces": "",
                     "bindings": ["Redirect", "POST"], "authenticated_before": 0, "people": {}}
        self.processes = []
        self.set_people(people)
        self.start()

    # --- the processes

    def start(self):
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SAML_BED": str(self.dir), "SIMPLESAMLPHP_CONFIG_DIR": str(HERE)}
        settings = {"display_errors": 0, "session.save_path": self.dir / "sessions", "opcache.enable": 1, "opcache.enable_cli": 1,
                    "opcache.file_cache": self.compiled, "opcache.jit": 0}
        php = ["php", *(word for pair in settings.items() for word in ("-d", "=".join(map(str, pair)))),
               "-S", f"127.0.0.1:{self.port + 1}", "-t", self.dir / "www"]
        nginx = ["nginx", "-e", "stderr", "-p", self.dir, "-c", self.dir / "nginx.conf"]
        with open(self.dir / "log/processes.log", "ab") as log:
            self.processes = [subprocess.Popen(words, env=environment, cwd=self.dir, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                               preexec_fn=_end_with_parent) for words in (php, nginx)]

    def is_ready(self):
        for process in self.processes:
            if process.poll() is not None:
                raise AssertionError(f"{process.args[0]} ended with {process.returncode}: {self.log()[-800:]}")
        try:
            return "EntityDescriptor" in self.metadata()
        except OSError:
            return False

    def stop(self):
        """It is gone from the network; start() brings it back with all that it knew."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()

    def log(self):
        return "".join(path.read_text(errors="replace") for path in (self.dir / "log/processes.log", self.log_path) if path.exists())

    # --- what it is asked and told past any browser

    def metadata(self):
        with urllib.request.urlopen(self.metadata_url, timeout=10, context=ssl.create_default_context(cafile=str(self.ca))) as answer:
            return answer.read().decode()

    def change(self, **lines):
        """signs, announces: names of signing keys; bindings: of its sign-in endpoint, Redirect and POST; authenticated_before:
        by how many seconds it says that people have signed in before they did."""
        self._bed |= lines
        (self.dir / "bed.new").write_text(json.dumps(self._bed))
        (self.dir / "bed.new").rename(self.dir / "bed.json")

    def set_people(self, people):
        self.change(people={f"{name}:{password}": attributes for name, (password, attributes) in people.items()})

    def trust(self, name, metadata, **options):
        """Makes a service provider known by its metadata. options: SimpleSAMLphp's, with _ for each dot."""
        known = {"NameIDFormat": PERSISTENT, "saml20.sign.response": True, "saml20.sign.assertion": True, "validate.authnrequest": True}
        (self.dir / f"sp/{name}.json").write_text(json.dumps(known | {key.replace("_", "."): value for key, value in options.items()}))
        (self.dir / f"sp/{name}.new").write_text(metadata)
        (self.dir / f"sp/{name}.new").rename(self.dir / f"sp/{name}.xml")

    # --- pages that a person opens there

    def begin_url(self, sp, relay_state=""):
        """A sign-in that begins there, at the service provider with that entityID."""
        words = {"spentityid": sp} | ({"RelayState": relay_state} if relay_state else {})
        return f"{self.base}saml2/idp/SSOService.php?{urllib.parse.urlencode(words)}"

    def logout_url(self):
        """The sign-out there, which tells every service provider; it ends on SimpleSAMLphp's own page."""
        return f"{self.base}saml2/idp/SingleLogoutService.php?{urllib.parse.urlencode({'ReturnTo': self.base + 'logout.php'})}"
