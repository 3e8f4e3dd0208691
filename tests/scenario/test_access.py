"""Who may do what: roles, overrides, methods, paths, networks, the second factor, areas. Undecided is denied."""
from gateway import GATE
from registry import absent, contains, equal, expect, one_of, test
from test_sign_in import error_body
from web_client import HTML
from world import bearer, datasource, host, instance, signed_in, standing, upstream, world


def table(gateway, echo, rows):
    """rows: (token, host, method, path, wanted status). Everything refused must not reach the upstream."""
    wrong = []
    for token, where, method, path, wanted in rows:
        before = len(echo.requests)
        got = gateway.ask(where, method, path, bearer(token) if token else (), b"" if method in ("POST", "PUT") else None).status
        if got != wanted:
            wrong.append(f"{method} {where}{path}: {got}, wanted {wanted}")
        if (len(echo.requests) > before) != (wanted == 200):
            wrong.append(f"{method} {where}{path}: reached the upstream: {len(echo.requests) > before}")
    equal(wrong, [], "answers")


@test
def without_rules_owner_and_member_only(t):
    gateway, echo, crm = standing(t)
    tokens = {name: gateway.token(name) for name in ("ann", "mel", "vic", "dot", "lea", "out", "admin")}
    table(gateway, echo, [(tokens[name], crm, "GET", "/", 200 if name in ("ann", "mel") else 403) for name in tokens])


@test
def denied_is_403_in_the_error_shape_or_as_a_page(t):
    gateway, _, crm = standing(t)
    browser = signed_in(gateway, "vic")
    page = browser.open(crm, "/")
    equal(page.status, 403, "status for a browser")
    contains(page.get("content-type"), "text/html", "content type for a browser")
    error_body(gateway.ask(crm, headers=browser.headers(crm, ("Accept", "application/json"))))
    equal(gateway.ask(crm, headers=browser.headers(crm)).status, 403, "status for a program")
    expect("127.0.0.1:" not in page.text, "no upstream address on the page")


@test
def overrides_go_up_and_down(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, roles={"mel": "none", "vic": "member", "out": "member"}))
    crm = host("crm")
    tokens = {name: gateway.token(name) for name in ("ann", "mel", "vic", "out")}
    table(gateway, echo, [(tokens["ann"], crm, "GET", "/", 200), (tokens["mel"], crm, "GET", "/", 403),
                          (tokens["vic"], crm, "GET", "/", 200), (tokens["out"], crm, "GET", "/", 200)])


@test
def rules_are_by_role_method_and_path(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, access=[
        {"roles": ["owner", "member"]},
        {"roles": ["viewer"], "methods": ["GET"], "paths": ["/reports", "/ui/a"]},
        {"roles": ["dashboard"], "methods": ["POST"], "paths": ["/push"]}]))
    crm = host("crm")
    ann, vic, dot = (gateway.token(name) for name in ("ann", "vic", "dot"))
    table(gateway, echo, [
        (ann, crm, "DELETE", "/anything", 200),
        (vic, crm, "GET", "/reports", 200), (vic, crm, "HEAD", "/reports", 200), (vic, crm, "GET", "/reports/2026", 200),
        (vic, crm, "GET", "/reports/", 200), (vic, crm, "GET", "/ui/a", 200),
        (vic, crm, "GET", "/reportsx", 403), (vic, crm, "GET", "/", 403), (vic, crm, "GET", "/Reports", 403),
        (vic, crm, "GET", "/ui", 403), (vic, crm, "GET", "/ui/ab", 403), (vic, crm, "POST", "/reports", 403),
        (vic, crm, "OPTIONS", "/reports", 403), (vic, crm, "GET", "/x/reports", 403),
        (dot, crm, "POST", "/push", 200), (dot, crm, "GET", "/push", 403)])


@test
def rules_match_the_path_that_is_forwarded(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, access=[{"roles": ["viewer"], "paths": ["/reports"]}]))
    crm, vic = host("crm"), gateway.token("vic")
    equal(gateway.ask(crm, target="/%72eports/a%2dz", headers=bearer(vic)).status, 200, "an encoded letter is the letter")
    equal(echo.last().target, "/reports/a-z", "forwarded in the one form that was matched")
    echo.requests.clear()
    for path in ("/reports/../admin", "/reports/%2e%2e/admin", "/reports/..%2fadmin", "/reports%2f..%2fadmin", "/reports//..//admin",
                 "/reports;/../admin", "/reports/..;/admin", "/reports\\..\\admin", "/reports%5c..%5cadmin", "//reports",
                 "/./reports", "/reports/%00", "/reports/.%2e/x", "/reports%3b/x"):
        response = gateway.ask(crm, target=path, headers=bearer(vic))
        one_of(response.status, (400, 403), f"status of {path}")
    equal([r.target for r in echo.requests], [], "what reached the upstream")


@test
def networks_of_platform_team_resource_and_rule(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, networks=["127.0.0.2/32"]),
                    datasource("ruled", echo, access=[{"roles": ["owner"], "networks": ["127.0.0.3/32"]}]))
    ann = bearer(gateway.token("ann"))
    for where, source, wanted in ((host("crm"), "127.0.0.1", 403), (host("crm"), "127.0.0.2", 200),
                                  (host("ruled"), "127.0.0.1", 403), (host("ruled"), "127.0.0.3", 200)):
        equal(gateway.ask(where, headers=ann, source=source).status, wanted, f"{where} from {source}")
    spoofed = ann + [("X-Forwarded-For", "127.0.0.2"), ("Forwarded", "for=127.0.0.2"), ("X-Real-IP", "127.0.0.2")]
    equal(gateway.ask(host("crm"), headers=spoofed).status, 403, "a spoofed address")
    gateway.apply({"kind": "team", "name": "plant", "members": {"ann": "owner"}, "networks": ["127.0.0.4/32"]})
    equal(gateway.ask(host("ruled"), headers=ann, source="127.0.0.3").status, 403, "outside the team's networks")
    gateway.apply({"kind": "team", "name": "plant", "members": {"ann": "owner"}},
                  {"kind": "platform", "name": "platform", "networks": ["127.0.0.5/32"]})
    for where, target in ((host("ruled"), "/"), (host("crm"), "/"), (GATE, "/.sallyport/login"), (GATE, "/")):
        equal(gateway.ask(where, target=target, source="127.0.0.3").status, 403, f"{where}{target} outside the platform's")
    equal(gateway.ask(GATE, target="/.sallyport/login", source="127.0.0.5").status, 200, "the gate inside the platform's")


@test
def addresses_are_refused_before_sign_in(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, networks=["127.0.0.2/32"]))
    equal(gateway.ask(host("crm"), headers=[("Accept", HTML)]).status, 403, "a browser's page load from outside")


@test
def addresses_are_refused_on_the_gateways_own_paths_too(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, networks=["127.0.0.2/32"]))
    for path in ("/.sallyport/callback?code=x", "/.sallyport/logout", "/.sallyport/login", "/.sallyport/nothing"):
        equal(gateway.ask(host("crm"), target=path).status, 403, f"{path} from outside the resource's networks")


@test
def the_client_address_comes_from_trusted_proxies_only(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo), trusted_proxies=["127.0.0.9/32"])
    ann, crm = bearer(gateway.token("ann")), host("crm")
    chain = [("X-Forwarded-For", "198.51.100.7, 203.0.113.9, 127.0.0.9")]
    gateway.ask(crm, headers=ann + chain, source="127.0.0.9")
    equal(echo.last().all("x-forwarded-for"), ["203.0.113.9"], "through a trusted proxy: the nearest untrusted address")
    gateway.ask(crm, headers=ann + chain, source="127.0.0.8")
    equal(echo.last().all("x-forwarded-for"), ["127.0.0.8"], "from anywhere else: the socket's address")


@test
def a_rule_that_wants_a_second_factor_denies_a_password(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, access=[{"roles": ["owner"], "paths": ["/safe"]},
                                                       {"roles": ["owner"], "mfa": {"within": "15m"}}]))
    crm = host("crm")
    browser = signed_in(gateway, "ann")
    browser.open(crm, "/safe")
    before = len(echo.requests)
    cookie = browser.headers(crm)
    equal(gateway.ask(crm, target="/safe", headers=cookie).status, 200, "the rule without")
    equal(gateway.ask(crm, target="/other", headers=cookie).status, 401, "the rule with, by a password session")
    equal(gateway.ask(crm, target="/other", headers=bearer(gateway.token("ann"))).status, 403, "`within`, by a token")
    equal(len(echo.requests), before + 1, "what reached the upstream")


@test
def a_password_alone_reaches_nothing_that_needs_two_factors(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo), datasource("labx", echo, team="lab"))
    crm = host("crm")
    browser = signed_in(gateway, "ann", crm)
    token, cookie = bearer(gateway.token("ann")), browser.headers(crm)
    equal(gateway.ask(crm, headers=cookie).status, 200, "before")
    team = {"kind": "team", "name": "plant", "members": {"ann": "owner"}, "mfa": "required"}
    gateway.apply(team)
    reached = len(echo.requests)
    equal(gateway.ask(crm, headers=cookie).status, 401, "a team that requires it, by the session from before")
    expect(browser.once("GET", browser.at(crm), [("Accept", "text/html")]).status == 302 and len(echo.requests) == reached,
           "by a page load")
    equal(gateway.ask(crm, headers=token).status, 200, "a token made by a command carries both")
    gateway.apply({**team, "mfa": "optional"}, {"kind": "platform", "name": "platform", "mfa": "required"})
    reached = len(echo.requests)
    equal(gateway.ask(crm, headers=cookie).status, 401, "a platform that requires it")
    equal(len(echo.requests), reached, "what reached the upstream")


@test
def roles_empty_admits_nobody(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, access=[{"roles": []}]))
    table(gateway, echo, [(gateway.token(name), host("crm"), "GET", "/", 403) for name in ("ann", "mel", "vic")])


@test
def areas_decide_by_the_first_match(t):
    echo = upstream(t)
    gateway = world(t, instance("line1", echo, areas=[
        {"name": "hooks", "paths": ["/hooks"], "public": True},
        {"name": "closed", "paths": ["/hooks2", "/internal"], "roles": []},
        {"name": "dashboard", "paths": ["/dashboard", "/ui"], "roles": ["owner", "member", "viewer", "dashboard"]},
        {"name": "editor", "paths": ["/e"], "roles": ["owner", "member", "viewer"], "read_only_for": ["viewer"]}]))
    line1 = host("line1")
    ann, vic, dot = (gateway.token(name) for name in ("ann", "vic", "dot"))
    table(gateway, echo, [
        (None, line1, "POST", "/hooks/a", 200), (None, line1, "GET", "/hooks", 200), (None, line1, "GET", "/hooksx", 401),
        (ann, line1, "GET", "/internal", 403), (dot, line1, "GET", "/ui", 200), (dot, line1, "GET", "/e", 403),
        (vic, line1, "GET", "/e/x", 200), (vic, line1, "HEAD", "/e/x", 200), (vic, line1, "OPTIONS", "/e/x", 200),
        (vic, line1, "POST", "/e/x", 403), (vic, line1, "DELETE", "/e/x", 403), (ann, line1, "POST", "/e/x", 200),
        (ann, line1, "GET", "/elsewhere", 403)])


@test
def instances_get_the_clients_host_datasources_their_own(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo), instance("line1", echo), datasource("named", echo, {"host": "inner.example.test"}))
    ann = bearer(gateway.token("ann"))
    for name, wanted in (("crm", f"127.0.0.1:{echo.port}"), ("line1", f"line1.apps.localhost:{gateway.port}"),
                         ("named", "inner.example.test")):
        equal(gateway.ask(host(name), headers=ann).status, 200, f"status of {name}")
        equal(echo.last().all("host"), [wanted], f"Host sent to the upstream of {name}")


@test
def unknown_hosts_are_404(t):
    gateway, echo, _ = standing(t)
    ann = bearer(gateway.token("ann"))
    for name in ("nothing.apps.localhost", "apps.localhost", "crm2.apps.localhost"):
        for headers in (ann, [], [("Accept", HTML)]):
            equal(gateway.ask(name, headers=headers).status, 404, f"status of {name} with {headers}")
    equal(echo.requests, [], "what reached the upstream")


@test
def the_longest_prefix_of_a_host_wins(t):
    echo, other = upstream(t), upstream(t)
    gateway = world(t, datasource("root", echo, at="shop.apps.localhost"),
                    datasource("part", other, at="shop.apps.localhost/api/v2", upstream={"url": other.url + "/inner"}))
    ann = bearer(gateway.token("ann"))
    for path, reached, target in (("/", echo, "/"), ("/api", echo, "/api"), ("/api/v22", echo, "/api/v22"),
                                  ("/api/v2", other, "/inner"), ("/api/v2/x?y=1", other, "/inner/x?y=1")):
        equal(gateway.ask("shop.apps.localhost", target=path, headers=ann).status, 200, f"status of {path}")
        got = reached.last().target
        equal(got.rstrip("/") or "/", target, f"forwarded for {path}")


@test
def a_change_of_role_counts_at_once(t):
    gateway, _, crm = standing(t)
    cookie = signed_in(gateway, "mel", crm).headers(crm)
    equal(gateway.ask(crm, headers=cookie).status, 200, "before")
    gateway.apply({"kind": "team", "name": "plant", "members": {"ann": "owner", "mel": "viewer"}})
    equal(gateway.ask(crm, headers=cookie).status, 403, "the first request after apply returned")
    gateway.apply({"kind": "team", "name": "plant", "members": {"ann": "owner", "mel": "member"}})
    equal(gateway.ask(crm, headers=cookie).status, 200, "and back")


@test
def a_deleted_resource_is_gone_at_once(t):
    gateway, _, crm = standing(t)
    ann = bearer(gateway.token("ann"))
    equal(gateway.ask(crm, headers=ann).status, 200, "before")
    gateway.must("delete", "datasource", "crm")
    equal(gateway.ask(crm, headers=ann).status, 404, "after")


@test
def a_refusal_tells_a_person_who_they_are_and_leads_on(t):
    crm, busy = host("crm"), host("busy")
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo, access=[{"roles": ["owner"]}]),
                    datasource("busy", echo, rate_limits=[{"by": "user", "requests": 1, "per": "1h"}]))
    vic = signed_in(gateway, "vic", crm)
    page = vic.once("GET", vic.at(crm), [("Accept", HTML)])
    equal(page.status, 403, "a viewer's page")
    contains(page.text, "You are signed in as <strong>vic</strong>", "the page")
    for target, wanted in (("/", "Your places"), ("/.sallyport/account", "vic"), ("/.sallyport/logout", "Sign out?")):
        contains(page.text, f'href="{vic.at(GATE, target)}"', "the page")
        contains(vic.once("GET", vic.at(GATE, target), [("Accept", HTML)]).text, wanted, f"where {target} leads")
    absent(page.text, "<script", "the page")
    contains(page.get("content-security-policy"), "default-src 'none'", "its policy")
    for who, headers in (("a program with a token", bearer(gateway.token("vic"))), ("a token in a page load", [*bearer(gateway.token("vic", name="u")), ("Accept", HTML)]),
                         ("a script of the browser's", vic.headers(crm))):
        answer = gateway.ask(crm, headers=headers)
        equal(answer.status, 403, who)
        absent(answer.text, "signed in as", who)
    equal([vic.open(busy).status for _ in range(2)][-1], 429, "too often")
    contains(vic.page.text, "Try again in ", "what the person reads")
