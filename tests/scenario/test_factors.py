"""A person's own second factors: apps and recovery codes, shown at the sign-in and managed by the API and the pages."""
import base64
import json
import threading

from authenticator import API, FACTORS, JSON, MFA, Enrolled, age_factors, api, code, log_in, other_code, show, step
from gateway import GATE
from registry import absent, contains, equal, expect, one_of, test
from web_client import HTML, Browser, Forms
from world import datasource, host, upstream, world

REQUIRED = {"kind": "platform", "name": "platform", "mfa": "required"}
FORM = ("Content-Type", "application/x-www-form-urlencoded")


def error(response):
    return response.status, response.json()["error"]


def strength(browser):
    me = api(browser, "GET", "")
    return me.json()["strength"] if me.status == 200 else me.status


@test
def an_app_is_set_up_and_asked_for_at_the_next_sign_in(t):
    gateway = world(t)
    now = step(calm=15)
    elsewhere, _ = log_in(gateway, "ann")
    browser, _ = log_in(gateway, "ann")
    equal(api(browser, "GET", "/factors").json(), {"factors": [], "recovery_codes": 0}, "none at first")
    begun = api(browser, "POST", "/totp", {"name": "My phone"}).json()
    contains(begun["uri"], f"otpauth://totp/{GATE}:ann?secret={begun['secret']}&issuer={GATE}", "the address for apps")
    contains(begun["qr_svg"], "<svg", "the QR code")
    confirm = f"/totp/{begun['id']}/confirm"
    equal(api(browser, "GET", "/factors").json()["factors"], [], "none while it waits")
    equal(error(api(browser, "POST", confirm, {"code": other_code(begun["secret"], now - 1, now, now + 1)})), (401, "bad_code"),
          "a wrong code")
    before = browser.cookie(GATE)
    done = api(browser, "POST", confirm, {"code": code(begun["secret"], now - 1)})
    equal((done.status, done.json()["factor"]["name"], len(done.json()["recovery_codes"])), (200, "My phone", 10), "the right one")
    equal(strength(browser), "mfa", "the session that did it")
    equal(gateway.ask(GATE, target=API, headers=[("Cookie", before)]).status, 401, "its cookie from before")
    equal(strength(elsewhere), 401, "another session")
    equal(error(api(browser, "POST", confirm, {"code": code(begun["secret"], now)})), (404, "not_found"), "the enrolment, again")

    again, answer = log_in(gateway, "ann")
    equal(answer.json(), {"next": "mfa", "location": MFA}, "after the password")
    equal(error(api(again, "GET", "/factors")), (401, "mfa_required"), "before the factor")
    half = again.cookie(GATE)
    equal(show(again, code(begun["secret"], now)).json(), {"next": "done", "location": "/"}, "after the code")
    equal(strength(again), "mfa", "and then")
    equal(gateway.ask(GATE, target=API, headers=[("Cookie", half)]).status, 401, "the cookie of the half")
    listed = api(again, "GET", "/factors").json()
    equal([(f["kind"], f["name"], f["id"], bool(f["last_used"])) for f in listed["factors"]],
          [("totp", "My phone", begun["id"], True)], "the list")
    equal(listed["recovery_codes"], 10, "recovery codes left")


@test
def a_code_counts_once_and_none_that_is_older(t):
    gateway = world(t)
    now = step(calm=15)
    ann = Enrolled(gateway, "ann", now - 1)
    equal(error(show(ann.half_signed_in(), ann.code(now - 1))), (401, "bad_code"), "the code of the enrolment")
    equal(show(ann.half_signed_in(), ann.code(now + 1)).status, 200, "one step ahead")
    for each, what in ((now + 1, "the same again"), (now, "an older one, after a newer"), (now + 2, "two steps ahead"), (now - 2, "two behind")):
        equal(error(show(ann.half_signed_in(), ann.code(each))), (401, "bad_code"), what)


@test
def of_two_who_race_with_one_code_one_gets_in(t):
    gateway = world(t)
    now = step(calm=15)
    ann = Enrolled(gateway, "ann", now - 1)
    for typed in (ann.code(now), ann.codes[0]):
        racers = [ann.half_signed_in() for _ in range(4)]
        gate, got = threading.Barrier(len(racers)), []

        def run(racer, typed=typed, gate=gate, got=got):
            gate.wait()
            got.append(show(racer, typed).status)

        threads = [threading.Thread(target=run, args=(racer,)) for racer in racers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        equal(got.count(200), 1, f"who got in, of {got}")
        equal(set(got) - {200, 401, 429}, set(), "other answers")  # 429: the sixth loser in a row, over both codes


@test
def another_persons_codes_are_nothing(t):
    gateway = world(t)
    now = step(calm=15)
    ann, mel = Enrolled(gateway, "ann", now - 1), Enrolled(gateway, "mel", now - 1)
    for typed in (mel.code(now), mel.codes[0], "", "12345", "1" * 4000):
        one_of(error(show(ann.half_signed_in(), typed)), [(401, "bad_code"), (400, "malformed")], f"with {typed[:8]!r}")
    equal(show(mel.half_signed_in(), mel.codes[0]).status, 200, "and they are not used up")


@test
def the_sixth_wrong_code_waits_over_all_sessions(t):
    gateway = world(t)
    now = step(calm=15)
    ann = Enrolled(gateway, "ann", now - 1)
    wrong = other_code(ann.secret, *range(now - 2, now + 4))
    browsers = [ann.half_signed_in() for _ in range(3)]
    for number in range(5):
        equal(error(show(browsers[number % 3], wrong)), (401, "bad_code"), f"wrong code {number + 1}")
    limited = show(browsers[2], wrong)
    equal(error(limited), (429, "too_many_attempts"), "the sixth")
    expect(1 <= int(limited.get("retry-after")) <= 30, f"Retry-After: {limited.get('retry-after')}")
    equal(error(show(ann.half_signed_in(), ann.code(now))), (429, "too_many_attempts"), "the right one, in another session")
    refused = [event["detail"] for event in gateway.listing("audit", "list") if event.get("action") == "sign_in.refused"]
    expect(any("wrong code" in str(each) for each in refused), f"what is recorded: {refused}")


@test
def who_is_reset_begins_anew_with_codes(t):
    gateway = world(t)
    now = step(calm=20)
    ann, mel = Enrolled(gateway, "ann", now - 1), Enrolled(gateway, "mel", now - 1)
    for person in (ann, mel):
        wrong = other_code(person.secret, *range(now - 2, now + 4))
        half = person.half_signed_in()
        equal([show(half, wrong).status for _ in range(6)], [401] * 5 + [429], f"wrong codes of {person.user}")
    gateway.apply({"kind": "user", "name": "ann", "email": "ann@elsewhere.example.test"})
    equal(error(show(ann.half_signed_in(), ann.code(now))), (429, "too_many_attempts"), "after another change of the account")
    gateway.must("user", "mfa-reset", "ann")
    fresh = Enrolled(gateway, "ann", now, name="New phone")
    equal(show(fresh.half_signed_in(), fresh.code(now + 1)).status, 200, "the new app")
    equal(error(show(mel.half_signed_in(), mel.code(now))), (429, "too_many_attempts"), "who was not reset")


@test
def a_recovery_code_signs_in_once(t):
    gateway = world(t)
    ann = Enrolled(gateway, "ann", step())
    first, second = ann.codes[:2]
    browser = ann.half_signed_in()
    equal(show(browser, first).status, 200, "the first code")
    equal(error(show(ann.half_signed_in(), first)), (401, "bad_code"), "the same again")
    equal(api(browser, "GET", "/factors").json()["recovery_codes"], 9, "left")
    equal(show(ann.half_signed_in(), second.replace("-", " ").lower().replace("1", "l").replace("0", "o")).status, 200, "typed as people type")
    renewed = api(browser, "POST", "/recovery-codes")
    equal((renewed.status, len(renewed.json()["codes"])), (200, 10), "new ones")
    equal(error(show(ann.half_signed_in(), ann.codes[2])), (401, "bad_code"), "an old one then")
    equal(show(ann.half_signed_in(), renewed.json()["codes"][0]).status, 200, "a new one")


@test
def an_enrolment_belongs_to_the_session_that_began_it(t):
    gateway = world(t)
    now = step()
    browser, _ = log_in(gateway, "ann")
    begun = api(browser, "POST", "/totp", {}).json()
    equal(begun["name"], "Authenticator app", "the name it gets")
    confirm, right = f"/totp/{begun['id']}/confirm", {"code": code(begun["secret"], now)}
    for who, other in (("another session", log_in(gateway, "ann")[0]), ("another user", log_in(gateway, "mel")[0])):
        equal(error(api(other, "POST", confirm, right)), (404, "not_found"), who)
    for id in ("nonsense", "0" * 26):
        equal(error(api(browser, "POST", f"/totp/{id}/confirm", right)), (404, "not_found"), id)
    equal(api(browser, "POST", confirm, right).status, 200, "who began it")


@test
def every_change_says_where_it_comes_from(t):
    gateway = world(t)
    ann = Enrolled(gateway, "ann", step())
    browser = ann.browser
    for method, path, body in (("POST", "/totp", {}), ("POST", f"/totp/{ann.id}/confirm", {"code": "1"}), ("DELETE", f"/totp/{ann.id}", None),
                               ("PATCH", f"/factors/{ann.id}", {"name": "x"}), ("POST", "/recovery-codes", None)):
        for what, headers, origin, wanted in (
                ("no origin", JSON, False, "foreign_origin"), ("a foreign one", [*JSON, ("Origin", "https://evil.test")], False, "foreign_origin"),
                ("another site", [*JSON, ("Sec-Fetch-Site", "cross-site")], False, "foreign_origin"), ("no header", JSON[:1], True, "header_missing")):
            equal(error(api(browser, method, path, body, headers, origin)), (403, wanted), f"{method} {path} with {what}")
    own = ("Origin", browser.at(GATE, ""))
    page = browser.open(GATE, FACTORS)
    csrf = next(form["fields"]["csrf"] for form in Forms(page.text).forms if form["action"].endswith("/totp"))
    for path in ("/totp", "/totp/confirm", "/recovery-codes", "/rename", "/remove"):
        for what, headers, fields in (("no field", [own], ""), ("a made-up one", [own], "csrf=x"), ("no origin", [], f"csrf={csrf}"),
                                      ("a foreign one", [("Origin", "https://evil.test")], f"csrf={csrf}")):
            sent = browser.once("POST", browser.at(GATE, FACTORS + path), [FORM, ("Accept", HTML), *headers], fields.encode())
            equal(sent.status, 403, f"{path} with {what}")
        equal(browser.once("GET", browser.at(GATE, FACTORS + path), [("Accept", HTML)]).status, 405, f"GET {path}")
    half = ann.half_signed_in()
    for what, headers, body in (("no header", JSON[:1], b'{"code":"1"}'), ("a foreign origin", [*JSON, ("Origin", "https://evil.test")], b'{"code":"1"}'),
                                ("a form without its field", [FORM, own], b"code=1"), ("a form without origin", [FORM], b"code=1")):
        equal(half.once("POST", half.at(GATE, MFA), headers, body).status, 403, f"{MFA} with {what}")
    equal(len(api(browser, "GET", "/factors").json()["factors"]), 1, "nothing happened")


@test
def a_change_asks_for_a_fresh_factor(t):
    gateway = world(t)
    ann = Enrolled(gateway, "ann", step())
    browser = ann.browser
    gateway.stop()
    age_factors(gateway, 16 * 60)
    gateway.start()
    for method, path in (("POST", "/totp"), ("POST", "/recovery-codes"), ("DELETE", f"/totp/{ann.id}"), ("PATCH", f"/factors/{ann.id}")):
        refused = api(browser, method, path, {"name": "x"} if method == "PATCH" else None)
        equal(error(refused), (401, "step_up_required"), f"{method} {path}")
        equal(refused.json()["details"][0]["code"], "within=900s", "and what would do")
    page = browser.open(GATE, FACTORS)
    contains(page.text, "Confirm that it is you", "the page says how")
    absent(page.text, "/remove", "no button that would not work")
    equal(show(browser, ann.codes[0], then="factors").json()["location"], FACTORS, "a factor, and back")
    equal(api(browser, "PATCH", f"/factors/{ann.id}", {"name": "Old phone"}).status, 204, "then it works")
    equal(api(browser, "GET", "/factors").json()["factors"][0]["name"], "Old phone", "the new name")


@test
def the_last_factor_stays_where_one_is_demanded(t):
    gateway = world(t)
    now = step(calm=15)
    ann = Enrolled(gateway, "ann", now - 1)
    other = ann.half_signed_in()
    equal(show(other, ann.code(now)).status, 200, "a second session")
    gateway.apply(REQUIRED)
    equal(error(api(ann.browser, "DELETE", f"/totp/{ann.id}")), (409, "last_factor"), "the last one")
    gateway.apply({**REQUIRED, "mfa": "optional"})
    equal(error(api(ann.browser, "DELETE", "/totp/" + "0" * 26)), (404, "not_found"), "one that is not there")
    equal(error(api(log_in(gateway, "mel")[0], "DELETE", f"/totp/{ann.id}")), (404, "not_found"), "somebody else's")
    equal(api(ann.browser, "DELETE", f"/totp/{ann.id}").status, 204, "where none is demanded")
    equal(strength(other), 401, "the other session")
    equal(log_in(gateway, "ann")[1].json()["next"], "done", "the password alone, then")
    equal(error(show(log_in(gateway, "ann")[0], ann.codes[0])), (409, "no_factor"), "a recovery code of before")


@test
def five_apps_are_the_most(t):
    gateway = world(t)
    now = step(calm=15)
    ann = Enrolled(gateway, "ann", now)
    for number in range(4):
        begun = api(ann.browser, "POST", "/totp", {"name": f"app {number}"}).json()
        done = api(ann.browser, "POST", f"/totp/{begun['id']}/confirm", {"code": code(begun["secret"], now)})
        equal((done.status, "recovery_codes" in done.json()), (200, False), "one more, and no new recovery codes")
    equal(error(api(ann.browser, "POST", "/totp", {})), (409, "limit"), "the sixth")
    for name in ("x" * 61, "a\nb", 7):
        equal(error(api(ann.browser, "PATCH", f"/factors/{ann.id}", {"name": name})), (400, "malformed"), f"the name {name!r}")


@test
def who_must_have_one_is_led_through_it_to_the_page_wanted(t):
    echo = upstream(t)
    gateway = world(t, datasource("crm", echo), REQUIRED)
    now = step(calm=15)
    browser = Browser(gateway)
    browser.open(host("crm"), "/wanted?x=1")
    page = browser.fill_in("mel")
    contains(browser.url, FACTORS, "where the sign-in leads")
    equal(Forms(page.text).scripts, 1, "scripts: the one for passkeys")
    own = ("Origin", browser.at(GATE, ""))

    def form(page, action):
        return next(form for form in Forms(page.text).forms if form["action"] == action)

    for path in ("/", "/.sallyport/account", f"{API}/sessions"):
        one_of(browser.once("GET", browser.at(GATE, path), [("Accept", HTML)]).status, (302, 401), f"{path} meanwhile")
    shown = browser.submit(form(page, FACTORS + "/totp"), {"name": "Mel's phone"}, own)
    equal(shown.status, 200, "the page of the app")
    secret = shown.text.split('id="key">')[1].split("<")[0].replace(" ", "")
    contains(shown.text, "<svg", "a QR code")
    wrong = browser.submit(form(shown, FACTORS + "/totp/confirm"), {"code": other_code(secret, now - 1, now, now + 1)}, own)
    equal(wrong.status, 401, "a wrong code")
    contains(wrong.text, "not right", "what is said")
    contains(wrong.text, secret[:4], "the key is still there")
    codes = browser.submit(form(wrong, FACTORS + "/totp/confirm"), {"code": code(secret, now)}, own)
    equal((codes.status, codes.text.count("<code>")), (200, 10), "the recovery codes")
    onward = codes.text.split('class="button wide" href="')[1].split('"')[0].replace("&amp;", "&")
    equal(browser.open(GATE, onward).status, 200, "and on")
    equal(echo.last().target, "/wanted?x=1", "to the page wanted")
    again = Browser(gateway)
    again.open(host("crm"), "/wanted?x=2")
    page = again.fill_in("mel")
    contains(again.url, MFA, "the next sign-in")
    done = again.submit(form(page, MFA), {"code": code(secret, now + 1)}, ("Origin", again.at(GATE, "")))
    equal(done.status, 200, "with a code")
    target = done.text.split("url=")[1].split('"')[0].replace("&amp;", "&")
    equal(again.open(host("crm"), target.split(str(gateway.port))[1]).status, 200, "on to the other host")
    equal(echo.last().target, "/wanted?x=2", "to the page wanted then")


@test
def no_secret_of_a_factor_is_anywhere_in_clear(t):
    gateway = world(t)
    now = step(calm=15)
    ann = Enrolled(gateway, "ann", now - 1)
    pending = api(ann.browser, "POST", "/totp", {"name": "waiting"}).json()
    equal(show(ann.half_signed_in(), ann.code(now)).status, 200, "a code")
    equal(show(ann.half_signed_in(), ann.codes[0]).status, 200, "a recovery code")
    equal(show(ann.half_signed_in(), ann.codes[0]).status, 401, "a refused one")
    answers = [api(ann.browser, "GET", path).text for path in ("", "/factors", "/sessions")] + [
        ann.browser.open(GATE, FACTORS).text, gateway.must("get", "user", "ann", "-o", "yaml"), json.dumps(gateway.listing("audit", "list"))]
    secrets = []
    for secret in (ann.secret, pending["secret"]):
        raw = base64.b32decode(secret)
        secrets += [secret.encode(), secret.lower().encode(), raw, raw.hex().encode(), base64.b64encode(raw).rstrip(b"="),
                    base64.urlsafe_b64encode(raw).rstrip(b"=")]
    for each in ann.codes:
        secrets += [each.encode(), each.replace("-", "").encode(), each.lower().encode()]
    secrets.append(f"code={ann.code(now)}".encode())
    for number, answer in enumerate(answers):
        for secret in secrets:
            absent(answer.encode(), secret, f"answer {number}")
    gateway.stop()
    files = [path for path in gateway.dir.rglob("*") if path.is_file()]
    expect(len(files) >= 5, "files in the state folder")
    for path in [*files, gateway.log_path]:
        data = path.read_bytes()
        for secret in secrets:
            absent(data, secret, path.name)
