"""Signing in by a directory's password (B2): a real slapd behind the gate's own form."""
import itertools
import json
import re

from ldap_bed import TOOL, directory, document, standing
from ldap_data import GROUPS, PEOPLE, READER_PASSWORD, ROOT, ROOT_PASSWORD
from registry import absent, contains, equal, expect, test
from test_known_device import attempt, device_of
from test_passwords import IMPOSSIBLE
from test_sign_in import error_body, login
from wait import until
from web_client import PASSWORD, Browser
from world import instance, upstream, world


def refused(gateway, user, password):
    answer = login(gateway, user, password)
    equal(answer.status, 401, f"status for {user!r} with {password!r}")
    return {key: value for key, value in error_body(answer, "bad_credentials").items() if key != "request_id"}


def names(gateway):
    return {each["name"] for each in json.loads(gateway.must("get", "user", "-o", "json"))}


def searches(server):
    return server.log().count(" SRCH ")


@test
def a_first_sign_in_makes_the_account_and_its_groups_give_roles(t):
    gateway, server, echo = standing(t)
    browser = Browser(gateway)
    browser.sign_in("alice", "alicepass1")
    record = gateway.get("user", "alice")
    equal(record["email"], "alice@example.test", "e-mail address")
    equal([(each["provider"], each["roles"]) for each in record["identities"]], [("corp", {"plant": "owner"})], "what corp gives")
    expect(re.fullmatch(r"[0-9a-f-]{36}", record["identities"][0]["subject"]), f"subject: {record['identities']}")
    equal(record.get("password_set", False), False, "a password of our own")
    equal(browser.enter(TOOL).status, 200, "status of the tool")
    equal(echo.requests[-1].all("x-sallyport-roles"), ["owner"], "role there")
    Browser(gateway).sign_in("ALICE", "alicepass1")
    expect(names(gateway) >= {"alice"} and not names(gateway) & {"alice-2", "ALICE"}, f"one account: {names(gateway)}")


@test
def by_the_page_too(t):
    gateway, _, _ = standing(t)
    browser = Browser(gateway)
    browser.open(TOOL)
    equal(browser.fill_in("alice", "alicepass2").status, 401, "status for a wrong password")
    equal(browser.fill_in("alice", "alicepass1").status, 200, "status for the right one")
    contains(browser.url, TOOL, "where it leads")


@test
def who_is_not_known_there_gets_nothing(t):
    gateway, server, _ = standing(t)
    before = names(gateway)
    bodies = [refused(gateway, user, password) for user, password in (
        ("alice", "wrong-pass-1"), ("nobody", "nobodypass1"), ("twin", "twinpass1"), ("*", "alicepass1"), ("al*", "alicepass1"),
        ("*)(uid=alice", "alicepass1"), ("alice)(objectClass=*", "alicepass1"), ("alice))(|(uid=*", "alicepass1"))]
    for body in bodies:
        equal(body, bodies[0], "one body")
    equal(names(gateway), before, "accounts")
    seen = searches(server)
    for password in ("", "\0", "\0\0\0"):
        answer = login(gateway, "alice", password)
        expect(answer.status in (400, 401), f"status {answer.status} for {password!r}")
    equal(searches(server), seen, "searches for who gives no password")


@test
def guesses_count_for_the_person_however_the_name_is_spelled(t):
    gateway, server, _ = standing(t, ldap={"user_filter": "(|(uid={user})(cn={user}))"})
    victim, desk = Browser(gateway), Browser(gateway)
    victim.sign_in("alice", "alicepass1")
    desk.sign_in("alice", "alicepass1")
    strangers = itertools.count(1)

    def stranger(password):
        """Another address and another spelling each time; the directory takes several spaces for one."""
        number = next(strangers)
        return attempt(gateway, f"alice{' ' * number}example", password, f"127.0.{1 + number // 250}.{1 + number % 250}")

    def binds():
        return server.log().count(' BIND dn="uid=alice,')

    def is_asked():
        before = binds()
        equal(stranger(IMPOSSIBLE).status, 401, "a wrong password")
        return binds() > before

    expect(is_asked(), "the first guess is not the directory's to judge")
    until(lambda: not is_asked() and not is_asked(), "guesses not to be tried any more", 60)
    expect(next(strangers) < 100, "the entry's limit was met late")
    nobody = error_body(attempt(gateway, "nobody", "alicepass1", "127.0.0.99"), "bad_credentials")
    told = until(lambda: not is_asked() and next((each for each in [stranger("alicepass1")] if each.status == 401), None),
                 "the right password to be refused as well", 60)
    equal({**error_body(told, "bad_credentials"), "request_id": 0}, {**nobody, "request_id": 0}, "what a stranger is told, and for a name of nobody")
    contains(gateway.must("sso", "trace", "corp"), "too many wrong passwords for this entry", "what admins are told")
    equal(attempt(gateway, "alice", "alicepass1", "127.0.0.77", device_of(victim)).status, 200, "the victim's own device")
    equal(attempt(gateway, "bob", "bobpass1", "127.0.0.78").status, 200, "somebody else")
    stolen = device_of(victim)
    until(lambda: attempt(gateway, "alice", IMPOSSIBLE, "127.0.0.79", stolen).status == 429, "a thief of the cookie to use it up", 60)
    equal(attempt(gateway, "alice", "alicepass1", "127.0.0.77", device_of(desk)).status, 200, "another device of the victim's")


@test
def a_password_of_our_own_is_not_shown_to_the_directory(t):
    gateway, server, _ = standing(t)
    seen = searches(server)
    Browser(gateway).sign_in("ann", PASSWORD)
    refused(gateway, "ann", "wrong-" + PASSWORD)
    equal(searches(server), seen, "searches")


@test
def what_the_directory_takes_away_is_gone_at_the_next_sign_in(t):
    gateway, server, _ = standing(t)
    first = Browser(gateway)
    first.sign_in("bob", "bobpass1")
    equal(first.enter(TOOL).status, 200, "bob, of staff")
    server.add(f"dn: cn=staff,{GROUPS}\nchangetype: modify\ndelete: member\nmember: uid=bob,{PEOPLE}\n\n")
    second = Browser(gateway)
    second.sign_in("bob", "bobpass1")
    equal(gateway.get("user", "bob")["identities"][0].get("roles", {}), {}, "what corp gives")
    equal(second.open(TOOL).status, 403, "the second browser")
    equal(first.open(TOOL).status, 403, "the first one")


@test
def an_admin_by_a_group(t):
    gateway, _, _ = standing(t, groups={"admin": "admins"})
    Browser(gateway).sign_in("alice", "alicepass1")
    Browser(gateway).sign_in("bob", "bobpass1")
    equal([each.get("admin") for each in gateway.get("user", "alice")["identities"]], [True], "alice, of admins")
    equal([each.get("admin", False) for each in gateway.get("user", "bob")["identities"]], [False], "bob")


@test
def a_directory_that_is_away_is_said_and_local_people_stay(t):
    gateway, server, _ = standing(t)
    Browser(gateway).sign_in("alice", "alicepass1")
    server.stop()
    answer = login(gateway, "alice", "alicepass1")
    equal(answer.status, 503, "status")
    error_body(answer, "provider_unavailable")
    Browser(gateway).sign_in("ann", PASSWORD)
    server.start()
    Browser(gateway).sign_in("alice", "alicepass1")


@test
def the_next_server_is_asked_when_one_is_away(t):
    echo, first = upstream(t), directory(t, "first")
    second = directory(t, "second", copy_of=first)
    first.stop()
    gateway = world(t, instance("tool", echo), document(second, first.url, second.ldaps_url.replace("127.0.0.1", "localhost")))
    Browser(gateway).sign_in("alice", "alicepass1")


@test
def a_directory_that_is_not_the_one_is_not_told_a_password(t):
    server = directory(t)
    gateway = world(t, document(server, upstream={"networks": ["127.0.0.0/8"], "ca": str(server.certificates / "other-ca.pem")}))
    equal(login(gateway, "alice", "alicepass1").status, 503, "status with an authority that is not trusted")
    gateway.apply(document(server, upstream={"networks": ["10.0.0.0/8"], "ca": str(server.certificates / "ca.pem")}))
    equal(login(gateway, "alice", "alicepass1").status, 503, "status with an address that is not listed")
    equal(server.log().count("BIND dn="), server.log().count(f'BIND dn="{ROOT}"'), "binds but those of the test")
    gateway.apply(document(server))
    equal(login(gateway, "alice", "alicepass1").status, 200, "status when all is right")


@test
def the_flight_recorder_says_which_step_failed_and_no_secret(t):
    gateway, _, _ = standing(t)
    refused(gateway, "alice", "wrong-pass-1")
    Browser(gateway).sign_in("alice", "alicepass1")
    gateway.stop()
    told = gateway.must("sso", "trace", "corp", "-o", "json")
    written = gateway.log()
    contains(told, "invalid credentials (49)", "the attempt that was refused")
    for secret in ("wrong-pass-1", "alicepass1", READER_PASSWORD, ROOT_PASSWORD, "uid=alice"):
        absent(told, secret, "the flight recorder")
        absent(written, secret, "the log")


@test
def a_required_directory_is_the_only_way_and_leads_in_each_time(t):
    gateway, _, _ = standing(t, required=True)
    gateway.apply({"kind": "user", "name": "bob", "email": "bob@example.test", "password": PASSWORD})
    for user in ("alice", "bob"):
        for _ in range(3):
            Browser(gateway).sign_in(user, user + "pass1")
    refused(gateway, "bob", PASSWORD)
    gateway.apply({"kind": "user", "name": "bob", "email": "bob@example.test", "admin": True})
    equal(login(gateway, "bob", PASSWORD).status, 200, "status of an admin by hand with his own password")
