"""What the upstream sees: the credential once, the identity rebuilt, nothing of the gateway's, nothing spoofed."""
import base64
import re
from urllib.parse import quote

from registry import absent, contains, equal, expect, one_of, test
from world import KEY, bearer, datasource, host, instance, keyed, signed_in, standing, upstream, world


@test
def the_key_is_injected_once_over_verified_tls(t):
    gateway, echo, crm = standing(t)
    browser = signed_in(gateway, "ann", crm)
    equal(echo.last().all("authorization"), [f"Bearer {KEY}"], "Authorization at the upstream")
    equal(gateway.ask(crm, headers=bearer(gateway.token("ann"))).status, 200, "by token")
    equal(echo.last().all("authorization"), [f"Bearer {KEY}"], "Authorization at the upstream")
    own = [("Cookie", browser.cookie(crm)), ("Authorization", "Basic Y2xpZW50OnNlY3JldA==")]
    equal(gateway.ask(crm, headers=own).status, 200, "with an Authorization of the client's own")
    equal(echo.last().all("authorization"), [f"Bearer {KEY}"], "Authorization at the upstream")
    equal(echo.server_names[0], "api.example.test", "SNI sent to the upstream")


@test
def gateway_cookies_end_here_and_others_travel(t):
    gateway, echo, crm = standing(t)
    browser = signed_in(gateway, "ann", crm)
    mine = browser.cookie(crm)
    for cookie, wanted in ((mine, []), (f"a=1; {mine}; b=2", ["a=1; b=2"]), (f"{mine}; theme=dark", ["theme=dark"]),
                           (f"x=__Host-sallyport; {mine}", ["x=__Host-sallyport"]),
                           (f"{mine}; __Host-sallyport-flow=zz; __Host-sallyportX=1; q=3", ["q=3"]),
                           (f"{mine}; __host-SALLYPORT=1; __HOST-sallyport-nonce=2; r=4", ["r=4"])):
        equal(gateway.ask(crm, headers=[("Cookie", cookie)]).status, 200, f"status with {cookie[:20]}")
        equal(echo.last().all("cookie"), wanted, "Cookie at the upstream")
    two = [("Cookie", "a=1"), ("Cookie", mine), ("Cookie", "b=2")]
    equal(gateway.ask(crm, headers=two).status, 200, "three Cookie fields")
    expect(echo.last().all("cookie") in (["a=1", "b=2"], ["a=1; b=2"]), f"Cookie at the upstream: {echo.last().all('cookie')}")
    for request in echo.requests:
        absent(request.head, mine.split("=")[1].split(";")[0].encode(), "what reached the upstream")


@test
def identity_headers_are_rebuilt_in_every_spelling(t):
    gateway, echo, crm = standing(t)
    token = gateway.token("ann")
    names = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-User", "Forwarded",
             "X-Real-IP", "X-Request-Id", "X-Sallyport-User", "X-Sallyport-Email", "X-Sallyport-Roles",
             "X-Sallyport-Jwt-Assertion", "X-Sallyport-Anything")
    spellings = []
    for name in names:
        for spelled in {name, name.lower(), name.upper(), name.replace("-", "_"), name.replace("-", "."), name.swapcase(),
                        name.replace("-", "_", 1), name.replace("-", ".", 1), name.lower().replace("-", "_")}:
            spellings.append(spelled)
    for spelled in spellings:
        before = len(echo.requests)
        response = gateway.ask(crm, headers=bearer(token) + [(spelled, "spoofed-7731"), (spelled, "spoofed-7732")])
        one_of(response.status, (200, 400), f"status with {spelled}")  # underscores may be refused
        if response.status == 400:
            expect("_" in spelled or "." in spelled, f"{spelled} was refused")
            equal(len(echo.requests), before, "refused and yet forwarded")
            continue
        absent(echo.last().head, b"spoofed", f"what reached the upstream with {spelled}")
    seen = {name.lower() for name, _ in echo.last().headers}
    expect({"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded", "x-request-id", "x-sallyport-user",
            "x-sallyport-email", "x-sallyport-roles"} <= seen, f"rebuilt headers: {sorted(seen)}")


@test
def identity_headers_say_who_and_where(t):
    gateway, echo, crm = standing(t)
    response = gateway.ask(crm, headers=bearer(gateway.token("mel")))
    request = echo.last()
    equal(request.all("x-forwarded-for"), ["127.0.0.1"], "X-Forwarded-For")
    equal(request.all("x-forwarded-proto"), ["https"], "X-Forwarded-Proto")
    equal(request.all("x-forwarded-host"), [f"{crm}:{gateway.port}"], "X-Forwarded-Host")
    forwarded = request.get("forwarded")
    for word in ("for=", "127.0.0.1", "proto=https", "host="):
        contains(forwarded, word, "Forwarded")
    equal(request.all("x-sallyport-user"), ["mel"], "X-Sallyport-User")
    equal(request.all("x-sallyport-email"), ["mel@example.test"], "X-Sallyport-Email")
    equal(request.all("x-sallyport-roles"), ["member"], "X-Sallyport-Roles")
    identity = request.all("x-request-id")
    expect(len(identity) == 1 and len(identity[0]) >= 8, f"X-Request-Id {identity}")
    gateway.ask(crm, headers=bearer(gateway.token("mel", name="u")))
    expect(echo.last().all("x-request-id") != identity, "each request has an id of its own")
    expect(response.status == 200, "status")


@test
def nobody_is_named_on_public_areas(t):
    echo = upstream(t)
    gateway = world(t, instance("open", echo, areas=[{"name": "all", "paths": ["/"], "public": True}]))
    gateway.ask(host("open"), headers=[("X-Sallyport-User", "admin"), ("X-Sallyport-Roles", "owner")])
    for name, value in echo.last().headers:
        if name.lower().startswith("x-sallyport"):
            expect(value not in ("admin", "owner"), f"{name}: {value}")


@test
def hop_by_hop_fields_end_here(t):
    gateway, echo, crm = standing(t)
    token = bearer(gateway.token("ann"))
    gateway.ask(crm, headers=token + [("Connection", "close, X-Hop, x-other"), ("X-Hop", "1"), ("X-Other", "2"), ("X-Stay", "3"),
                                      ("Keep-Alive", "timeout=5"), ("Proxy-Connection", "keep-alive"), ("TE", "trailers"),
                                      ("Proxy-Authorization", "Basic eDp5"), ("Trailer", "X-T")])
    request = echo.last()
    for name in ("x-hop", "x-other", "keep-alive", "proxy-connection", "te", "proxy-authorization", "upgrade", "http2-settings"):
        equal(request.all(name), [], f"{name} at the upstream")
    equal(request.all("x-stay"), ["3"], "an ordinary field")
    absent(request.get("connection", "").lower(), "x-hop", "Connection at the upstream")


@test
def connection_cannot_name_what_is_injected(t):
    echo = upstream(t)
    gateway = world(t, keyed("crm", echo, inject={"headers": {"Authorization": "Bearer {{ secrets.token }}", "X-Api-Extra": "on"}}))
    crm, token = host("crm"), gateway.token("ann")
    for names in ("Authorization", "authorization, X-Api-Extra", "X-Forwarded-For, X-Sallyport-User", "Host", "Content-Length",
                  "close, Authorization", "X_Api_Extra", "X-Request-Id"):
        response = gateway.ask(crm, "POST", "/", [("X-Sallyport-Token", token), ("Connection", names)], b"body")
        one_of(response.status, (200, 400), f"status with Connection: {names}")
        if response.status == 200:
            request = echo.last()
            equal(request.all("authorization"), [f"Bearer {KEY}"], f"Authorization with Connection: {names}")
            equal(request.all("x-api-extra"), ["on"], f"X-Api-Extra with Connection: {names}")
            equal(request.all("x-forwarded-for"), ["127.0.0.1"], f"X-Forwarded-For with Connection: {names}")
            equal((request.all("host"), request.length), ([f"127.0.0.1:{echo.port}"], 4), f"with Connection: {names}")


@test
def client_headers_never_override_injected_ones(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, secrets={"k": KEY}, inject={"headers": {"X-Api-Key": "{{ secrets.k }}"}},
                                  pass_authorization=True))
    crm, token = host("crm"), gateway.token("ann")
    for spelled in ("X-Api-Key", "x-api-key", "X-API-KEY", "X_Api_Key", "X.Api.Key", "x_api-key"):
        response = gateway.ask(crm, headers=[("X-Sallyport-Token", token), (spelled, "mine"), (spelled, "mine2")])
        one_of(response.status, (200, 400), f"status with {spelled}")
        if response.status == 200:
            equal(echo.last().all("x-api-key"), [KEY], f"X-Api-Key with {spelled}")
            absent(echo.last().head, b"mine", f"what reached the upstream with {spelled}")


@test
def authorization_travels_only_when_asked_and_never_over_an_injected_one(t):
    echo = upstream(t)
    gateway = world(t, datasource("plain", echo), datasource("passing", echo, pass_authorization=True),
                    keyed("both", echo, pass_authorization=True))
    token, basic = gateway.token("ann"), ("Authorization", "Basic Y2xpZW50OnNlY3JldA==")
    for name, wanted in (("plain", []), ("passing", [basic[1]]), ("both", [f"Bearer {KEY}"])):
        equal(gateway.ask(host(name), headers=[("X-Sallyport-Token", token), basic]).status, 200, f"status of {name}")
        equal(echo.last().all("authorization"), wanted, f"Authorization at the upstream of {name}")


@test
def query_parameters_are_injected(t):
    echo = upstream(t)
    odd = "k&y=1 +%/ä"
    gateway = world(t, datasource("crm", echo, secrets={"k": odd}, inject={"query": {"api_key": "{{ secrets.k }}", "v": "2"}}))
    crm, token = host("crm"), bearer(gateway.token("ann"))
    coded = quote(odd, safe="")
    equal(gateway.ask(crm, target="/x", headers=token).status, 200, "status")
    path, _, query = echo.last().target.partition("?")
    equal((path, sorted(query.split("&"))), ("/x", sorted([f"api_key={coded}", "v=2"])), "target at the upstream")
    for given in ("a=1&api_key=mine&b=2", "api%5Fkey=mine&a=1&b=2", "%61pi_key=mine&a=1&b=2&v=9", "a=1&api_key&b=2"):
        equal(gateway.ask(crm, target=f"/x?{given}", headers=token).status, 200, f"status with {given}")
        pairs = echo.last().target.partition("?")[2].split("&")
        absent(echo.last().target, "mine", f"target at the upstream for {given}")
        equal([p for p in pairs if p.startswith("api_key")], [f"api_key={coded}"], f"api_key for {given}")
        expect("a=1" in pairs and "b=2" in pairs, f"the client's own parameters: {pairs}")


@test
def auth_presets(t):
    echo = upstream(t)
    table = {
        "none": ({"type": "none"}, {}, []),
        "basic": ({"type": "basic", "username": "svc"}, {"password": "pä:ss"},
                  ["Basic " + base64.b64encode("svc:pä:ss".encode()).decode()]),
        "bearer": ({"type": "bearer"}, {"token": KEY}, [f"Bearer {KEY}"]),
    }
    gateway = world(t, *[datasource(name, echo, auth=auth, **({"secrets": secrets} if secrets else {}))
                         for name, (auth, secrets, _) in table.items()],
                    datasource("header", echo, auth={"type": "api_key", "header": "X-Key"}, secrets={"key": KEY}),
                    datasource("query", echo, auth={"type": "api_key", "query": "key"}, secrets={"key": KEY}))
    token = bearer(gateway.token("ann"))
    for name, (_, _, wanted) in table.items():
        equal(gateway.ask(host(name), headers=token).status, 200, f"status of {name}")
        equal(echo.last().all("authorization"), wanted, f"Authorization of {name}")
    gateway.ask(host("header"), headers=token)
    equal(echo.last().all("x-key"), [KEY], "X-Key of the api_key preset")
    gateway.ask(host("query"), target="/a?b=c", headers=token)
    equal(sorted(echo.last().target.split("?")[1].split("&")), ["b=c", f"key={KEY}"], "query of the api_key preset")


@test
def credentials_by_role(t):
    echo = upstream(t)
    gateway = world(t, instance("line1", echo, secrets={"full": "full-" + KEY, "read": "read-" + KEY},
                                areas=[{"name": "all", "paths": ["/"], "roles": ["owner", "member", "viewer", "dashboard"]}],
                                credentials=[{"roles": ["owner", "member"], "inject": {"headers": {"Authorization": "Bearer {{ secrets.full }}"}}},
                                             {"roles": ["viewer"], "inject": {"headers": {"Authorization": "Bearer {{ secrets.read }}"}}}]))
    for name, wanted in (("ann", [f"Bearer full-{KEY}"]), ("mel", [f"Bearer full-{KEY}"]), ("vic", [f"Bearer read-{KEY}"]), ("dot", [])):
        equal(gateway.ask(host("line1"), headers=bearer(gateway.token(name))).status, 200, f"status of {name}")
        equal(echo.last().all("authorization"), wanted, f"Authorization for {name}")


@test
def the_path_of_the_url_is_put_in_front(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo.url + "/v1"), datasource("deep", echo.url + "/v1/x/", at=f"{host('deep')}/api"))
    token = bearer(gateway.token("ann"))
    for where, path, wanted in (("crm", "/", "/v1/"), ("crm", "/a/b?c=d", "/v1/a/b?c=d"), ("crm", "/?q", "/v1/?q"),
                                ("deep", "/api/a", "/v1/x/a"), ("deep", "/api/", "/v1/x/")):
        equal(gateway.ask(host(where), target=path, headers=token).status, 200, f"status of {path}")
        equal(echo.last().target, wanted, f"target at the upstream for {path}")


@test
def responses_are_filtered(t):
    gateway, echo, crm = standing(t)
    lines = ["Set-Cookie: ok=1; Path=/", "Set-Cookie: wide=1; Domain=apps.localhost; Path=/", "Set-Cookie: wide2=1;domain=x",
             "Set-Cookie: __Host-sallyport=stolen; Secure; Path=/", "Set-Cookie: __Host-sallyport-flow=x; Secure; Path=/",
             "Set-Cookie: __hOST-sAllyport-nonce=x; Secure; Path=/", "Set-Cookie: keep=domain; Path=/",
             "X-Sallyport-User: admin", "x-sallyport-anything: 1", "Alt-Svc: h3=\":443\"", "Service-Worker-Allowed: /",
             'Clear-Site-Data: "cookies"', "clear-site-data: *", "NEL: {}", "Report-To: {}",
             "X-Own: stays", "Keep-Alive: timeout=99", "Connection: X-Gone", "X-Gone: 1", "Proxy-Authenticate: Basic"]
    raw = base64.urlsafe_b64encode("\n".join(lines).encode()).decode()
    response = gateway.ask(crm, target=f"/headers?raw={raw}", headers=bearer(gateway.token("ann")))
    equal(response.status, 200, "status")
    equal(sorted(response.all("set-cookie")), ["keep=domain; Path=/", "ok=1; Path=/"], "Set-Cookie")
    for name in ("x-sallyport-user", "x-sallyport-anything", "alt-svc", "service-worker-allowed", "clear-site-data", "nel",
                 "report-to", "x-gone", "proxy-authenticate"):
        equal(response.all(name), [], name)
    equal(response.all("x-own"), ["stays"], "X-Own")


@test
def redirects_of_the_upstream_are_handed_on_not_followed(t):
    gateway, echo, crm = standing(t)
    other = upstream(t, None)
    response = gateway.ask(crm, target=f"/redirect?to={quote(other.url + '/stolen', safe='')}", headers=bearer(gateway.token("ann")))
    equal((response.status, response.get("location")), (302, other.url + "/stolen"), "the redirect")
    equal((len(echo.requests), other.requests), (1, []), "requests the gateway made")


@test
def the_key_reaches_no_client_and_no_log(t):
    gateway, echo, crm = standing(t)
    token = bearer(gateway.token("ann"))
    for target in ("/", "/reset", "/close", "/raw?b64=" + base64.urlsafe_b64encode(b"garbage").decode()):
        response = gateway.ask(crm, target=target, headers=token)
        if response.status != 200:  # the echo itself repeats what it was sent
            absent(response.head + response.body, KEY.encode(), f"the answer to {target}")
    expect(len(echo.requests) >= 4, "the requests were made")
    absent(gateway.log(), KEY, "the log")
    expect(not re.search(KEY, gateway.must("audit", "list", "-o", "json")), "the audit list")
