"""One's own account: who am I, where am I signed in, ending one session or all others, by page and by API."""
import json
import time

from gateway import GATE
from registry import PATIENCE, absent, contains, equal, expect, test
from test_sign_in import error_body
from test_workers import Crowd
from wait import until
from web_client import HTML, PASSWORD, Browser, Forms
from wire import Closed, request_bytes
from world import bearer, datasource, host, keyed, signed_in, standing, upstream, world

ACCOUNT = "/.sallyport/account"
SESSIONS = "/api/v1/me/sessions"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def from_here(gateway):
    """What a script of the gate's own pages sends with a write."""
    return [("X-Sallyport-Request", "1"), ("Origin", f"https://{GATE}:{gateway.port}")]


def write(browser, method, path, headers=None):
    headers = from_here(browser.gateway) if headers is None else headers
    return browser.gateway.ask(GATE, method, path, browser.headers(GATE, *headers), b"" if method == "POST" else None)


def sessions(browser):
    response = browser.gateway.ask(GATE, target=SESSIONS, headers=browser.headers(GATE))
    equal(response.status, 200, "status of the list")
    return response.json()["sessions"]


def own(browser):
    """The id of this browser's session."""
    (mine,) = [entry["id"] for entry in sessions(browser) if entry["current"]]
    return mine


def buttons(page, action):
    return [form for form in Forms(page.text).forms if form["action"] == action]


def press(browser, form, *headers, **values):
    return browser.submit(form, values, ("Origin", f"https://{GATE}:{browser.gateway.port}"), *headers, follow=False)


def dead(gateway, browser, *hosts):
    for where in hosts:
        equal(gateway.ask(where, headers=browser.headers(where)).status, 401, f"the first request on {where} after the end")
    equal(gateway.ask(GATE, target="/api/v1/me", headers=browser.headers(GATE)).status, 401, "the first request on the gate")
    page = gateway.ask(GATE, target=ACCOUNT, headers=browser.headers(GATE, ("Accept", HTML)))
    equal((page.status, page.get("location")), (302, "/.sallyport/login"), "the account page")


@test
def lists_sessions_with_place_program_times_and_hosts(t):
    gateway, _, crm = standing(t)
    other = Browser(gateway, source="127.0.0.7")
    other.open(GATE, "/.sallyport/login")
    other.fill_in("ann", PASSWORD, ("User-Agent", FIREFOX))
    other.enter(crm)
    now, mel = signed_in(gateway, "ann"), signed_in(gateway, "mel")
    listed = sessions(now)
    equal([entry["current"] for entry in listed], [True, False], "the current one first, mel's not at all")
    told = listed[1]
    equal((told["client"], told["browser"], told["hosts"]), ("127.0.0.7", "Firefox on Linux", [crm]), "place, program and hosts")
    expect(told["created"] <= told["last_seen"] < told["ends"], f"times {told}")
    page = now.open(GATE, ACCOUNT)
    equal(page.status, 200, "status of the page")
    for text in ("ann@example.test", "127.0.0.7", "Firefox on Linux", crm, "this session", "just now"):
        contains(page.text, text, "the page")
    equal((Forms(page.text).scripts, Forms(page.text).inline_styles), (0, 0), "scripts and inline styles")
    for browser in (other, now, mel):
        for box in browser.jar.values():
            absent(page.text + json.dumps(listed), box["__Host-sallyport"], "what is shown")
    contains(now.open(GATE).text, f'href="{ACCOUNT}"', "the home page")
    me = gateway.ask(GATE, target="/api/v1/me", headers=now.headers(GATE)).json()
    equal((me["name"], me["email"], me["strength"]), ("ann", "ann@example.test", "password"), "who am I")


@test
def last_use_moves_when_a_session_is_used(t):
    gateway, _, crm = standing(t)
    other, now = signed_in(gateway, "ann", crm), signed_in(gateway, "ann")
    before = sessions(now)[1]["last_seen"]

    def used():
        gateway.ask(crm, headers=other.headers(crm))
        return sessions(now)[1]["last_seen"] > before

    until(used, "the last use to move", 5)


@test
def the_page_ends_one_session_everywhere(t):
    gateway, _, crm = standing(t)
    other, now = signed_in(gateway, "ann", crm), signed_in(gateway, "ann", crm)
    page = now.open(GATE, ACCOUNT)
    (form,) = buttons(page, f"{ACCOUNT}/end-session")
    response = press(now, form)
    equal((response.status, response.get("location")), (303, f"{ACCOUNT}?ended=one"), "the answer")
    dead(gateway, other, crm)
    contains(now.open(GATE, f"{ACCOUNT}?ended=one").text, "The session was ended.", "the page afterwards")
    equal(gateway.ask(crm, headers=now.headers(crm)).status, 200, "the session that pressed the button")
    now.url = now.at(GATE, ACCOUNT)
    again = press(now, form)
    equal(again.status, 404, "the same button once more")
    contains(again.text, "has ended already", "what it says")


@test
def the_page_ends_all_others(t):
    gateway, _, crm = standing(t)
    others = [signed_in(gateway, "ann", crm) for _ in range(2)]
    now, mel = signed_in(gateway, "ann", crm), signed_in(gateway, "mel", crm)
    (form,) = buttons(now.open(GATE, ACCOUNT), f"{ACCOUNT}/end-others")
    equal(press(now, form).status, 303, "status")
    for other in others:
        dead(gateway, other, crm)
    for browser in (now, mel):
        equal(gateway.ask(crm, headers=browser.headers(crm)).status, 200, "this session, and somebody else's")
    equal(len(sessions(now)), 1, "sessions left")


@test
def the_api_ends_one_and_all_others(t):
    gateway, _, crm = standing(t)
    one, two, now = (signed_in(gateway, "ann", crm) for _ in range(3))
    response = write(now, "DELETE", f"{SESSIONS}/{own(one)}")
    equal((response.status, response.body), (204, b""), "the answer")
    dead(gateway, one, crm)
    response = write(now, "POST", f"{SESSIONS}/end-others")
    equal((response.status, response.json()), (200, {"ended": 1}), "the answer")
    dead(gateway, two, crm)
    mine = own(now)
    response = now.once("DELETE", now.at(GATE, f"{SESSIONS}/{mine}"), from_here(gateway))
    equal(response.status, 204, "ending the present one")
    absent(now.jar[GATE], "__Host-sallyport", "the cookies afterwards")
    equal(gateway.ask(crm, headers=now.headers(crm)).status, 401, "and it is over")


@test
def a_foreign_session_looks_like_a_missing_one(t):
    gateway, _, crm = standing(t)
    mel, now = signed_in(gateway, "mel", crm), signed_in(gateway, "ann")
    signed_in(gateway, "ann")
    foreign, missing = own(mel), own(mel)[:-1] + ("0" if own(mel)[-1] != "0" else "4")
    bodies = []
    for identity in (foreign, missing, "nonsense"):
        response = write(now, "DELETE", f"{SESSIONS}/{identity}")
        equal(response.status, 404, f"status for {identity}")
        bodies.append({key: value for key, value in error_body(response, "not_found").items() if key != "request_id"})
    equal(bodies[0], bodies[1], "the two bodies")
    form = buttons(now.open(GATE, ACCOUNT), f"{ACCOUNT}/end-session")[0]
    pages = [press(now, form, session=identity) for identity in (foreign, missing)]
    equal([page.status for page in pages], [404, 404], "by the page's form")
    equal(pages[0].text, pages[1].text, "the two pages")
    equal(gateway.ask(crm, headers=mel.headers(crm)).status, 200, "mel's session")


@test
def a_write_from_elsewhere_is_refused(t):
    gateway, _, crm = standing(t)
    other, now = signed_in(gateway, "ann", crm), signed_in(gateway, "ann", crm)
    mine, asked = from_here(gateway)[1], ("X-Sallyport-Request", "1")
    identity = own(other)
    elsewhere = [[asked, ("Origin", f"https://{crm}:{gateway.port}")], [asked, ("Origin", "null")],
                 [asked, ("Origin", "https://evil.example")], [asked, ("Sec-Fetch-Site", "cross-site")],
                 [asked, ("Sec-Fetch-Site", "same-site")], [asked], [mine], [mine, ("X-Sallyport-Request", "0")], []]
    for headers in elsewhere:
        for method, path in (("DELETE", f"{SESSIONS}/{identity}"), ("POST", f"{SESSIONS}/end-others")):
            response = write(now, method, path, headers)
            equal(response.status, 403, f"{method} with {headers}")
            error_body(response)
    page = now.open(GATE, ACCOUNT)
    for form in buttons(page, f"{ACCOUNT}/end-session") + buttons(page, f"{ACCOUNT}/end-others"):
        now.url = now.at(GATE, ACCOUNT)
        for headers in ([("Origin", f"https://{crm}:{gateway.port}")], [("Origin", "null")], [("Sec-Fetch-Site", "cross-site")], []):
            equal(now.submit(form, {}, *headers, follow=False).status, 403, f"the form with {headers}")
        for wrong in ({"csrf": ""}, {"csrf": "A" * 43}, {"csrf": page.text.split('name="csrf" value="')[1].split('"')[0]}):
            equal(press(now, form, **wrong).status, 403, f"the form with {wrong}")
        equal(gateway.ask(GATE, target=form["action"], headers=now.headers(GATE, ("Accept", HTML))).status, 405, "a link ends nothing")
    equal(gateway.ask(crm, headers=other.headers(crm)).status, 200, "the other session")
    equal(write(now, "DELETE", f"{SESSIONS}/{identity}", [asked, ("Sec-Fetch-Site", "same-origin")]).status, 204, "the twin that counts")


@test
def nobody_gets_401_and_a_page_the_sign_in(t):
    gateway = world(t)
    for path in ("/api/v1/me", SESSIONS, "/api/v1/me/tokens"):
        response = gateway.ask(GATE, target=path, headers=[("Accept", HTML)])
        equal(response.status, 401, f"status of {path}")
        error_body(response, "unauthenticated")
    response = gateway.ask(GATE, target=ACCOUNT, headers=[("Accept", HTML)])
    equal((response.status, response.get("location")), (302, "/.sallyport/login"), "the page")
    error_body(gateway.ask(GATE, target="/api/v1/nothing"), "not_found")
    equal(gateway.ask(GATE, "PUT", "/api/v1/me", body=b"").status, 405, "another method")


@test
def tokens_never_reach_the_account(t):
    gateway, _, crm = standing(t)
    browser = signed_in(gateway, "ann", crm)
    for flags in ((), ("--api",), ("--api", "--admin")):
        token = gateway.token("ann", *flags, name=f"t{len(flags)}")
        equal(gateway.ask(crm, headers=bearer(token)).status, 200, "where the token may go")
        for extra in ([], browser.headers(GATE)):
            for method, path in (("GET", ACCOUNT), ("GET", "/api/v1/me"), ("GET", SESSIONS), ("GET", "/api/v1/me/tokens"),
                                 ("DELETE", f"{SESSIONS}/{own(browser)}"), ("POST", f"{SESSIONS}/end-others")):
                for headers in (bearer(token), [("X-Sallyport-Token", token)]):
                    response = gateway.ask(GATE, method, path, extra + headers + from_here(gateway), b"" if method == "POST" else None)
                    equal(response.status, 403, f"{method} {path} by a token {flags}")
                    error_body(response, "token_refused")
        elsewhere = gateway.ask(GATE, target="/api/v1/users", headers=bearer(token))
        equal((elsewhere.status, elsewhere.json()["error"]), (404, "not_found") if flags else (403, "token_without_api"),
              f"the rest of the API by a token {flags}")
    bad = browser.headers(GATE) + bearer("spt_" + "A" * 43)
    equal(gateway.ask(GATE, target=SESSIONS, headers=bad).status, 401, "a bad token beside a good cookie")
    used = [entry for entry in gateway.audit() if entry.get("path") == SESSIONS and entry.get("means") == "token"]
    expect(used, "the audit names the token that was refused")


@test
def tokens_are_listed_by_name_and_never_by_value(t):
    gateway = world(t)
    token = gateway.token("ann", name="ci-pipeline")
    gateway.token("mel", name="somebody-elses")
    browser = signed_in(gateway, "ann")
    page = browser.open(GATE, ACCOUNT).text
    listed = gateway.ask(GATE, target="/api/v1/me/tokens", headers=browser.headers(GATE)).json()["tokens"]
    equal([(entry["name"], entry["last_used"]) for entry in listed], [("ci-pipeline", None)], "the list")
    contains(page, "ci-pipeline", "the page")
    for text in (token, token[4:], "somebody-elses"):
        absent(page + json.dumps(listed), text, "what is shown")


@test
def an_ended_session_is_over_on_every_worker(t):
    echo = upstream(t)
    gateway = world(t, keyed("crm", echo), workers=4)
    for end in ("one", "others", "page"):
        other, now = signed_in(gateway, "ann", host("crm")), signed_in(gateway, "ann")
        crowd = Crowd(t, gateway, host("crm"), other.headers(host("crm")))
        equal(crowd.statuses(), {200}, "before")
        if end == "page":
            (form,) = buttons(now.open(GATE, ACCOUNT), f"{ACCOUNT}/end-session")
            equal(press(now, form).status, 303, "status of the form")
        else:
            path = f"{SESSIONS}/{own(other)}" if end == "one" else f"{SESSIONS}/end-others"
            expect(write(now, "DELETE" if end == "one" else "POST", path).status in (200, 204), f"ending {end}")
        equal(crowd.statuses(), {401}, f"the first request on each connection after the end ({end})")
        write(now, "DELETE", f"{SESSIONS}/{own(now)}")


def download(t, gateway, where, headers):
    """A download that has begun and waits for the rest of its body."""
    connection = gateway.wire(where, seconds=20)
    t.defer(connection.close)
    connection.send(request_bytes("GET", "/slow-body/200000", f"{where}:{gateway.port}", headers))
    response = connection.head()
    equal(response.status, 200, f"status of the download on {where}")
    connection.exactly(100000)
    return connection


def seconds_until_closed(connection):
    began = time.monotonic()
    try:
        connection.exactly(1)
        expect(False, "another byte came")
    except Closed:
        return time.monotonic() - began


class Downloads:
    """Of ann: two in her other session, on two hosts, and one in her present one."""

    def __init__(self, t):
        self.echo = upstream(t)
        self.gateway = world(t, datasource("crm", self.echo), datasource("erp", self.echo), workers=2)
        self.crm, erp = host("crm"), host("erp")
        self.other, self.now = signed_in(self.gateway, "ann", self.crm, erp), signed_in(self.gateway, "ann", self.crm)
        self.ending = [download(t, self.gateway, where, self.other.headers(where)) for where in (self.crm, erp)]
        self.staying = download(t, self.gateway, self.crm, self.now.headers(self.crm))

    def the_others_have_ended(self):
        for connection in self.ending:
            took = seconds_until_closed(connection)
            expect(took < 0.25 * PATIENCE, f"a download of the ended session went on for {took:.3f} s")
        self.echo.release("slow-body")
        equal(len(self.staying.exactly(100000)), 100000, "the rest of the present session's download")


@test(alone=True)
def running_requests_of_an_ended_session_end(t):
    downloads = Downloads(t)
    equal(write(downloads.now, "DELETE", f"{SESSIONS}/{own(downloads.other)}").status, 204, "the end")
    downloads.the_others_have_ended()


@test(alone=True)
def signing_out_on_an_app_host_ends_its_running_download(t):
    downloads = Downloads(t)
    gateway, crm = downloads.gateway, downloads.crm
    headers = downloads.other.headers(crm, ("X-Sallyport-Request", "1"), ("Origin", f"https://{crm}:{gateway.port}"))
    equal(gateway.ask(crm, "POST", "/.sallyport/logout", headers, b"").status, 200, "the sign-out")
    downloads.the_others_have_ended()


@test
def a_host_session_that_ends_alone_ends_its_running_download(t):
    """As another node would end it: a tombstone for the child, not for the family."""
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo), datasource("erp", echo))
    crm, erp = host("crm"), host("erp")
    browser = signed_in(gateway, "ann", crm, erp)
    ending, staying = (download(t, gateway, where, browser.headers(where)) for where in (crm, erp))
    with gateway.store() as base:
        ((child,),) = base.execute("SELECT id FROM sessions WHERE host = ?", (crm,)).fetchall()
        base.execute("UPDATE installation SET generation = generation + 1")
        base.execute("INSERT INTO tombstones (kind, id, generation) SELECT 'session', ?, generation FROM installation", (child,))
        base.execute("DELETE FROM sessions WHERE id = ?", (child,))
    seconds_until_closed(ending)
    equal(gateway.ask(crm, headers=browser.headers(crm)).status, 401, "the ended host session")
    equal(gateway.ask(GATE, target="/api/v1/me", headers=browser.headers(GATE)).status, 200, "the gate's session")
    echo.release("slow-body")
    equal(len(staying.exactly(100000)), 100000, "the rest of the download on the other host")


@test
def the_audit_tells_who_ended_what(t):
    gateway, _, crm = standing(t)
    one, two, three, now = (signed_in(gateway, "ann", crm) for _ in range(4))
    ids = [own(browser) for browser in (one, two, three, now)]
    write(now, "DELETE", f"{SESSIONS}/{ids[0]}")
    gateway.must("session", "end", "--id", ids[1])
    write(now, "POST", f"{SESSIONS}/end-others")
    gateway.must("session", "end", "--user", "ann")
    ends = [entry for entry in gateway.audit() if entry.get("action") == "session.end"]
    told = [(str(entry["object"]).split()[1], entry["actor"].split(":")[0], bool(entry["client"])) for entry in ends]
    equal(sorted(told), sorted([(ids[0], "ann", True), (ids[1], "cli", False), (ids[2], "ann", True), (ids[3], "cli", False)]),
          "who ended which session")
    contains(next(entry for entry in ends if ids[0] in entry["object"])["detail"], ids[3], "the session it was ended from")


@test
def the_command_lists_place_and_last_use(t):
    gateway, _, crm = standing(t)
    other = Browser(gateway, source="127.0.0.7")
    other.sign_in("ann")
    other.enter(crm)
    (entry,) = gateway.listing("session", "list", "--user", "ann")
    equal((entry["client"], entry["hosts"], entry["id"]), ("127.0.0.7", [crm], own(other)), "place, hosts and id")
    before = entry["last_seen"]

    def used():
        gateway.ask(crm, headers=other.headers(crm))
        return gateway.listing("session", "list", "--user", "ann")[0]["last_seen"] > before

    until(used, "the last use in the list", 30)
    table = gateway.must("session", "list", "--user", "ann")
    for word in ("LAST SEEN", "FROM", "127.0.0.7"):
        contains(table, word, "the table")
