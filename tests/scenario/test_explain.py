"""`sallyport explain` says what the gateway does: the same words for the same request, and why."""
import json

from gateway import GATE
from registry import absent, contains, equal, expect, test
from wire import request_bytes
from world import KEY, bearer, datasource, host, instance, keyed, signed_in, upstream, world

OFFICE, HOME, V6 = "10.1.2.3", "198.51.100.7", "2001:db8:1:2::7"


def explain(gateway, user, source, method, where, *flags):
    url = f"https://{where.split('/', 1)[0]}:{gateway.port}/{where.partition('/')[2]}"
    return json.loads(gateway.must("explain", "--user", user, "--from", source, "--method", method, "--url", url,
                                   "-o", "json", *flags))


def steps(told):
    return [f"{step['finding']} {step['check']}: {step['text']}" for step in told["steps"]]


def documents(echo):
    return [
        keyed("crm", echo),
        datasource("ruled", echo, roles={"out": "viewer", "mel": "none"}, access=[
            {"roles": ["owner"]},
            {"roles": ["viewer"], "methods": ["GET"], "paths": ["/reports"], "networks": ["10.0.0.0/8"]},
            {"roles": ["viewer"], "paths": ["/safe"], "mfa": {"within": "15m"}},
            {"roles": ["viewer", "dashboard"], "methods": ["POST"], "paths": ["/push"]}]),
        datasource("office", echo, networks=["10.0.0.0/8", "2001:db8:1::/48"]),
        datasource("deep", echo, at="shop.apps.localhost/api/v1"),
        datasource("rawly", echo, paths_mode="raw"),
        instance("line1", echo, areas=[
            {"name": "hooks", "paths": ["/hooks"], "public": True, "methods": ["POST"]},
            {"name": "closed", "paths": ["/internal"], "roles": []},
            {"name": "panels", "paths": ["/ui"], "roles": ["owner", "member", "viewer", "dashboard"]},
            {"name": "safe", "paths": ["/safe"], "roles": ["owner"], "mfa": "required"},
            {"name": "editor", "paths": ["/e"], "roles": ["owner", "viewer"], "read_only_for": ["viewer"]}]),
        instance("plain", echo),
        {"kind": "team", "name": "vault", "members": {"ann": "owner", "vic": "member"}, "mfa": "required"},
        datasource("vaulted", echo, team="vault"),
        {"kind": "user", "name": "sue", "email": "sue@example.test"}]


# (user, from, method, host and path). A user is asked for with a session; "ann@" with a token of hers; "-" with nothing.
CASES = [
    ("ann", OFFICE, "GET", "crm.apps.localhost/"), ("mel", HOME, "DELETE", "crm.apps.localhost/x"),
    ("vic", HOME, "GET", "crm.apps.localhost/"), ("dot", HOME, "GET", "crm.apps.localhost/"),
    ("lea", HOME, "GET", "crm.apps.localhost/"), ("admin@", HOME, "GET", "crm.apps.localhost/"),
    ("-", HOME, "GET", "crm.apps.localhost/"), ("-", HOME, "POST", "crm.apps.localhost/"),
    ("ann@", V6, "GET", "crm.apps.localhost/"), ("vic@", HOME, "GET", "crm.apps.localhost/"),
    ("ann", HOME, "TRACE", "crm.apps.localhost/"), ("ann", HOME, "trace", "crm.apps.localhost/"),
    ("ann", HOME, "GET", "nothing.apps.localhost/"),
    ("ann", HOME, "GET", "crm.apps.localhost/a/../b"), ("ann", HOME, "GET", "crm.apps.localhost/a%2fb"),
    ("ann", HOME, "GET", "CRM.apps.localhost/%61"),
    ("ann", HOME, "PUT", "ruled.apps.localhost/anything"), ("vic", OFFICE, "GET", "ruled.apps.localhost/reports/1"),
    ("vic", OFFICE, "HEAD", "ruled.apps.localhost/%72eports"), ("vic", HOME, "GET", "ruled.apps.localhost/reports"),
    ("vic", OFFICE, "POST", "ruled.apps.localhost/reports"), ("vic", OFFICE, "GET", "ruled.apps.localhost/reportsx"),
    ("vic", HOME, "GET", "ruled.apps.localhost/safe"), ("vic@", HOME, "GET", "ruled.apps.localhost/safe"),
    ("dot", HOME, "POST", "ruled.apps.localhost/push"), ("dot", HOME, "GET", "ruled.apps.localhost/push"),
    ("out", OFFICE, "GET", "ruled.apps.localhost/reports"), ("mel", OFFICE, "GET", "ruled.apps.localhost/reports"),
    ("ann", OFFICE, "GET", "office.apps.localhost/"), ("ann", HOME, "GET", "office.apps.localhost/"),
    ("ann", V6, "GET", "office.apps.localhost/"), ("-", HOME, "GET", "office.apps.localhost/"),
    ("ann", "2001:db8:2::1", "GET", "office.apps.localhost/"), ("ann@", "::ffff:10.9.9.9", "GET", "office.apps.localhost/"),
    ("ann@", HOME, "GET", "shop.apps.localhost/api/v1/x"), ("ann@", HOME, "GET", "shop.apps.localhost/api/v11"),
    ("ann@", HOME, "GET", "shop.apps.localhost/"), ("ann@", HOME, "GET", "rawly.apps.localhost/a%2Fb//c"),
    ("vic@", HOME, "GET", "rawly.apps.localhost/a%2Fb//c"),
    ("-", HOME, "POST", "line1.apps.localhost/hooks/a"), ("-", HOME, "GET", "line1.apps.localhost/hooks"),
    ("ann", HOME, "POST", "line1.apps.localhost/hooks"), ("ann", HOME, "GET", "line1.apps.localhost/internal"),
    ("dot", HOME, "GET", "line1.apps.localhost/ui/1"), ("dot", HOME, "GET", "line1.apps.localhost/e"),
    ("vic", HOME, "GET", "line1.apps.localhost/e/x"), ("vic", HOME, "POST", "line1.apps.localhost/e/x"),
    ("ann", HOME, "POST", "line1.apps.localhost/e/x"), ("ann", HOME, "GET", "line1.apps.localhost/safe"),
    ("ann@", HOME, "GET", "line1.apps.localhost/safe"), ("ann", HOME, "GET", "line1.apps.localhost/elsewhere"),
    ("mel", HOME, "GET", "plain.apps.localhost/"), ("vic", HOME, "GET", "plain.apps.localhost/"),
    ("ann", HOME, "GET", "vaulted.apps.localhost/"), ("vic@", HOME, "GET", "vaulted.apps.localhost/"),
    ("mel", HOME, "GET", "vaulted.apps.localhost/"), ("-", HOME, "GET", "gate.localhost/.sallyport/login"),
    ("ann", HOME, "GET", "crm.apps.localhost/.sallyport/logout"), ("-", HOME, "GET", "gate.localhost/a/../b"),
    ("ann", HOME, "GET", "gate.localhost/.sallyport/account"), ("sue@", HOME, "GET", "crm.apps.localhost/"),
]


class Askers:
    """Cookies and tokens of the people, made when they are needed."""

    def __init__(self, gateway):
        self.gateway, self.browsers, self.tokens = gateway, {}, {}

    def token(self, user):
        if user not in self.tokens:
            self.tokens[user] = self.gateway.token(user, name="probe")
        return self.tokens[user]

    def headers(self, who, where):
        if who == "-":
            return []
        if who.endswith("@"):
            return bearer(self.token(who[:-1]))
        if who not in self.browsers:
            self.browsers[who] = signed_in(self.gateway, who)
        browser, where = self.browsers[who], where.lower()
        if where != GATE and not browser.jar.get(where):
            browser.open(where, "/", ("X-Forwarded-For", OFFICE))
        return browser.headers(where, ("Sec-Fetch-Site", "same-origin"))


def what_happens(gateway, askers, who, source, method, place):
    """(first word, status) of the running gateway's answer."""
    where, _, rest = place.partition("/")
    headers = askers.headers(who, where) + [("X-Forwarded-For", source)]
    body = b"" if method in ("POST", "PUT") else None
    with gateway.wire(where.lower()) as connection:
        connection.send(request_bytes(method, "/" + rest, f"{where}:{gateway.port}", headers, body))
        answer = connection.response(method)
    if answer.status in (200, 303, 302, 204):
        return "allow", None
    step_up = answer.status == 401 and "second factor is needed" in answer.text
    return ("step-up" if step_up else "deny"), answer.status


@test(limit=150)
def the_first_word_is_what_the_gateway_does(t):
    echo = upstream(t)
    gateway = world(t, *documents(echo), trusted_proxies=["127.0.0.1/32"])
    gateway.must("user", "suspend", "sue")
    askers = Askers(gateway)
    expect(len(CASES) >= 40, "a table that is worth the name")
    wrong, words = [], set()
    for who, source, method, place in CASES:
        wanted = what_happens(gateway, askers, who, source, method, place)
        flags = ["--token", "probe"] if who.endswith("@") else []
        told = explain(gateway, who.rstrip("@"), source, method, place, *flags)
        words.add(told["decision"])
        got = (told["decision"], told["status"])
        if got != wanted and not (method == "HEAD" and got[0] == wanted[0]):
            wrong.append(f"{who} from {source} {method} {place}: explained {got}, the gateway did {wanted}: {steps(told)[-3:]}")
        if told["decision"] != "allow" and not any(step.startswith("no ") for step in steps(told)):
            wrong.append(f"{who} {method} {place}: nothing says why not")
    equal(wrong, [], "disagreements")
    equal(words, {"allow", "deny", "step-up"}, "the words that were met")


@test
def text_begins_with_the_one_word(t):
    echo = upstream(t)
    gateway = world(t, *documents(echo), start=False)
    url = f"https://crm.apps.localhost:{gateway.port}/a?b=c#d"
    for user, word in (("ann", "allow"), ("vic", "deny"), ("-", "deny"), ("nobody-of-this-name", "deny")):
        lines = gateway.must("explain", "--user", user, "--from", HOME, "--method", "GET", "--url", url).splitlines()
        equal(lines[0], word, f"the first line for {user}")
        expect(len(lines) > 4 and all(line.startswith("  ") for line in lines[1:]), f"a line for each check: {lines}")
    lines = gateway.must("explain", "--from", HOME, "--url", url)
    contains(lines, "sign-in is asked for", "without a user")
    contains(gateway.must("explain", "--user", "ghost", "--from", HOME, "--url", url), "no such user", "an unknown user")
    told = gateway.must("explain", "--user", "vic", "--mfa-age", "14m", "--from", HOME, "--url",
                        url.replace("crm", "ruled").replace("/a", "/safe"))
    equal(told.splitlines()[0], "allow", "with a fresh factor")
    contains(told, "shown 14m ago", "what it is worth")
    told = gateway.must("explain", "--user", "vic", "--mfa-age", "16m", "--from", HOME, "--url",
                        url.replace("crm", "ruled").replace("/a", "/safe"))
    equal(told.splitlines()[0], "step-up", "with a stale one")


@test
def every_check_is_named_with_what_it_found(t):
    echo = upstream(t)
    gateway = world(t, *documents(echo), start=False)
    told = steps(explain(gateway, "vic", OFFICE, "GET", "ruled.apps.localhost/%72eports/7"))
    for wanted in ("yes place: datasource ruled of team plant, by host ruled.apps.localhost", "yes path: /reports/7",
                   "yes platform networks: no list: every address may", "yes team networks", "yes resource networks",
                   "yes user: vic", "yes role: in team plant: viewer; in effect: viewer",
                   "no access rule 1: for owner, not viewer", "yes access rule 2", "note credential: none is put in",
                   f"note upstream: {echo.url}/reports/7"):
        expect(any(step.startswith(wanted) for step in told), f"no step {wanted!r} in {told}")
    told = steps(explain(gateway, "out", HOME, "PUT", "ruled.apps.localhost/reports"))
    for wanted in ("yes role: in team plant: no member; in its place here: viewer; in effect: viewer",
                   "no access rule 2: for GET, not PUT; 198.51.100.7 is in none of 10.0.0.0/8",
                   "no access rule 4: for POST, not PUT; the path is not within /push", "no access: no rule allows this"):
        expect(wanted in told, f"no step {wanted!r} in {told}")
    told = steps(explain(gateway, "ann", HOME, "POST", "crm.apps.localhost/"))
    expect("note credential: for everybody: header Authorization (secrets.token)" in told, f"names of the credential: {told}")
    expect(any(step.startswith("note same-origin rule") for step in told), f"the same-origin rule: {told}")
    absent(str(told), KEY, "what is told")
    told = steps(explain(gateway, "vic", HOME, "GET", "line1.apps.localhost/e", "--websocket"))
    expect("no area editor: read-only for viewer" in told, f"a WebSocket of who may only read: {told}")


@test
def a_token_is_explained_with_its_scope(t):
    echo = upstream(t)
    gateway = world(t, *documents(echo), trusted_proxies=["127.0.0.1/32"])
    url = f"https://crm.apps.localhost:{gateway.port}"
    token = gateway.token("ann", "--read-only", "--path", "/a", "--network", "10.0.0.0/8", name="narrow")
    for source, method, path, text in ((OFFICE, "GET", "/a/b", ""), (OFFICE, "POST", "/a", "only GET"),
                                       (OFFICE, "GET", "/b", "within /a"), (HOME, "GET", "/a", "in none of 10.0.0.0/8")):
        told = gateway.must("explain", "--token", "narrow", "--from", source, "--method", method, "--url", url + path)
        status = gateway.ask("crm.apps.localhost", method, path, bearer(token) + [("X-Forwarded-For", source)],
                             b"" if method == "POST" else None).status
        equal(told.splitlines()[0], "allow" if status == 200 else "deny", f"{method} {path} from {source}: {status}")
        contains(told, text, "the part of the scope")
        absent(told, token, "what is told")
    gateway.token("mel", name="narrow")
    contains(gateway.run("explain", "--token", "narrow", "--from", HOME, "--url", url).err, "several tokens", "two of a name")
    gateway.must("explain", "--token", "narrow", "--user", "mel", "--from", HOME, "--url", url)
    with gateway.store() as store:
        store.execute("update tokens set expires_at = 1 where name = 'narrow'")
    told = gateway.must("explain", "--token", "narrow", "--user", "mel", "--from", HOME, "--url", url)
    equal(told.splitlines()[0], "deny", "an expired token")
    contains(told, "401", "its answer")


@test
def what_cannot_be_asked_is_refused_with_words(t):
    echo = upstream(t)
    gateway = world(t, *documents(echo), start=False)
    good = {"--user": "ann", "--from": HOME, "--method": "GET", "--url": "https://crm.apps.localhost/"}
    for option, values in (("--url", ("crm.apps.localhost", "/x", "ftp://crm.apps.localhost/", "https://", "*",
                                      "https://a:b@crm.apps.localhost/", "https://crm.apps.localhost:0/", "https://a b/")),
                           ("--from", ("crm", "10.0.0", "10.0.0.0/8", "fe80::1%lo")),
                           ("--method", ("GE T", "", "G(T", "X" * 40)), ("--mfa-age", ("x", "-1m", "0s")),
                           ("--token", ("nothing",))):
        for value in values:
            words = [word for pair in (good | {option: value}).items() for word in pair]
            done = gateway.run("explain", *words)
            equal((done.code, done.out), (1, ""), f"{option} {value!r}")
            contains(done.err, option if option != "--token" else "no token", f"the message for {value!r}")
    equal(gateway.run("explain", "--user", "ann", "--url", "https://x/").code, 2, "without --from")
    equal(gateway.run("explain", "--from", HOME).code, 2, "without --url")
    equal(gateway.run("explain", "--from", HOME, "--url", "https://x/", "--token", "a", "--mfa").code, 2, "a token with --mfa")
    done = gateway.run("explain", "--from", HOME, "--url", "https://crm.apps.localhost/\x1b[2J")
    absent(done.out + done.err, "\x1b", "what reaches the terminal")


@test
def a_damaged_record_is_explained_as_the_gateway_takes_it(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo), start=False)
    token = gateway.token("ann")
    with gateway.store() as store:
        store.execute("update resources set spec = replace(spec, '127.0.0.0/8', '0.0.0.0/0') where name = 'crm'")
    gateway.start()
    told = explain(gateway, "ann", HOME, "GET", "crm.apps.localhost/")
    equal((told["decision"], told["reason"], told["status"]), ("deny", "damaged", 503), "explained")
    equal(gateway.ask("crm.apps.localhost", headers=bearer(token)).status, 503, "answered")
    equal(gateway.ask(GATE, target="/.sallyport/login").status, 200, "the gate")
