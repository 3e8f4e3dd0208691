"""What the scenarios of revocation are played in: a gateway, an upstream that sends to everybody all the time, a client that
knows when every byte came, eve, whose rights end, and others who should notice nothing."""
import math
import time

from native import Native
from registry import Failed
from revocation_table import KINDS, Proof
from wait import until
from web_client import PASSWORD
from world import host, people, world

NO_BYTE_AFTER, CLOSED_WITHIN = 0.25, 1.0  # seconds after whatever ended the right was acknowledged
PER_CONNECTION = 100                      # streams on one of HTTP/2


class Upstream(Native):
    def __init__(self, case):
        super().__init__(case, "stream_upstream")
        self.url = f"http://127.0.0.1:{self.heard()}"


class Streams(Native):
    """The client; .open(), and .told() with words between tabs."""

    def __init__(self, case, gateway):
        super().__init__(case, "stream_crowd", gateway.port)

    def say(self, *words):
        return self.told("\t".join(map(str, words)))

    def open(self, group, kind, count, source, where, path, fields):
        per = math.ceil(count / math.ceil(count / PER_CONNECTION)) if kind.version == 2 else 1
        came = self.say("open", group, kind.what, count, per, source, where, path, *fields)
        if (came["open"], came["refused"]) != (count, 0):
            raise Failed(f"{group} of {kind.what}: {came}, {self.say('report', group)}")


class World:
    user = "eve"

    def __init__(self, case, counts, push, on="", feed=50, short=3, **config):
        """counts: {kind: streams of a group}; on: "g" has all but WebSockets run over upstreams of HTTP/2.
        short: seconds that a session or token lasts whose end is waited for."""
        self.counts, self.on, self.short = counts, on, short
        self.ups = [Upstream(case), Upstream(case)]
        self.gateway = world(case, {"kind": "user", "name": "eve", "email": "eve@example.test", "password": PASSWORD},
                             people()[-1], *self.standing(), **config)
        self.streams = Streams(case, self.gateway)
        for up in self.ups:
            up.told(f"push\t{push}")
        self.streams.say("feed", feed)
        self.innocents, self.victim_session, self.victim_token = {}, None, None
        self.app, self.recovery = None, []  # while eve has a second factor: its id, and codes that are left
        self._others = {}

    # --- what there is

    def team(self, **patch):
        return {"kind": "team", "name": "plant", "members": {"ann": "owner", "eve": "member"}} | patch

    def documents(self, name, moved=False, **patch):
        """A resource over HTTP/1.1, and its twin over HTTP/2."""
        if name in ("crm", "lab"):
            kind = {"kind": "datasource", "type": "http", "access": [{"roles": ["owner", "member"]}]}
        else:
            kind = {"kind": "instance", "type": "web", "areas": [{"name": "all", "paths": ["/"], "roles": ["owner", "member"]}]}
        inject = lambda role, secret: {"roles": [role], "inject": {"headers": {"Authorization": "Bearer {{ secrets.%s }}" % secret}}}
        keys = {"secrets": {"full": "sk-full-1234567890", "read": "sk-read-1234567890"},
                "credentials": [inject("owner", "full"), inject("member", "read")]} if name == "crm" else {}
        upstream = {"url": self.ups[bool(moved)].url, "networks": ["127.0.0.0/8"], "timeout": {"response": "300s"}}
        return [kind | {"name": name + twin, "team": "lab" if name == "lab" else "plant", "at": host(name + twin),
                        "upstream": upstream | {"http2": twin == "g"}} | keys | patch for twin in ("", "g")]

    def standing(self):
        return [self.team(), *(each for name in ("crm", "line", "gone", "moving", "lab") for each in self.documents(name))]

    # --- who there is

    def token(self, user, name, expires="1d"):
        return Proof(self.gateway, user, token=self.gateway.token(user, name=name, expires=expires))

    def session(self):
        return Proof(self.gateway, "eve", recovery=self.recovery.pop() if self.recovery else None)

    def other_token(self):
        return self._other("token", lambda: self.token("eve", "other"))

    def other_session(self):
        return self._other("session", self.session)

    def _other(self, name, make):
        """One for as long as a trigger is played."""
        if name not in self._others:
            self._others[name] = make()
        return self._others[name]

    def forget_others(self):
        self._others = {}

    def victims(self, trigger):
        """The proofs whose right will end; PASSWORD is eve's, sessions and tokens are new."""
        if trigger.before:
            trigger.before(self)
        means, _, special = trigger.proof.partition(":")
        out = []
        if means in ("both", "session"):
            if special:
                limits = {"absolute": f"{self.short}s" if special == "absolute" else "1h", "idle": f"{self.short}s"}
                self.gateway.apply({"kind": "platform", "name": "platform", "sessions": limits})
            self.victim_session = self.session()
            if special:
                self.gateway.apply({"kind": "platform", "name": "platform", "sessions": {"absolute": "14d", "idle": "12h"}})
            out.append(("session", self.victim_session))
        if means in ("both", "token"):
            self.victim_token = self.token("eve", "victim", f"{self.short + 1}s" if special else "1d")
            out.append(("token", self.victim_token))
        return out

    # --- streams

    def where(self, kind, name):
        return host(name + ("g" if kind.upstream == "2" or (self.on == "g" and not kind.what.endswith("ws")) else ""))

    def open(self, prefix, proof, name="crm", source=1, kinds=KINDS, path=""):
        """A group of each kind: {kind: group}."""
        out = {}
        for title, kind in kinds.items():
            group, where = f"{prefix}/{title}", self.where(kind, name)
            self.streams.open(group, kind, self.counts[title], source, where, kind.path + path,
                              [*proof.fields(where), f"X-Group: {group}"])
            out[title] = group
        self.opened = time.time()
        return out

    def have_begun(self, groups):
        def all_have():
            for title, group in groups.items():
                if KINDS[title].pushes and not self.streams.say("report", group)["newest_least"]:
                    return False
                if KINDS[title].path == "/upload" and not self.seen(group)["uploaded"]:
                    return False
            return True
        until(all_have, "the first record on every stream", 30)

    def seen(self, group):
        """What the upstreams saw of a group."""
        first, second = (up.told(f"report\t{group}") for up in self.ups)
        return {name: max(first[name], second[name]) if name.startswith("last") else first[name] + second[name] for name in first}

    def drop(self, groups):
        for group in groups.values():
            self.streams.say("drop", group)

    # --- judging

    def wrong_with_ended(self, groups, since, answer, patience=1.0):
        """What is not as it should be with streams whose right ended at `since`."""
        ending = {title: group for title, group in groups.items() if not KINDS[title].idle}

        def over():
            return all(not self.streams.say("report", group)["open"] and not self.seen(group)["open"] for group in ending.values())

        try:
            until(over, "the streams to end", 5)
        except Failed:
            pass
        until(lambda: time.time() > since + CLOSED_WITHIN, "the time in which nothing may come", 5)
        wrong = []
        for title, group in ending.items():
            kind, got, up = KINDS[title], self.streams.say("report", group), self.seen(group)
            late = patience * NO_BYTE_AFTER
            wanted = {each.format(answer=answer) for each in kind.ends}
            found = [(got["open"], "open"), (up["open"], "open at the upstream"),
                     (got["last_record"][2] > since + late, f"a record after {got['last_record'][2] - since:.3f} s"),
                     (got["last_sent"] > since + late, f"sent after {got['last_sent'] - since:.3f} s"),
                     (up["last_up_sent"] > since + late, f"taken up after {up['last_up_sent'] - since:.3f} s"),
                     (got["last_close"] > since + patience * CLOSED_WITHIN, f"closed after {got['last_close'] - since:.3f} s"),
                     (set(got["ends"]) - wanted or not got["ends"], f"ended by {got['ends']}, not {wanted}")]
            wrong += [f"{title}: {what}" for is_so, what in found if is_so]
        return wrong

    def wrong_with_kept(self, groups, since):
        """What is not as it should be with streams that should notice nothing; some records came after `since`."""
        def fed():
            for title, group in groups.items():
                if KINDS[title].pushes and self.streams.say("report", group)["newest_least"] < since:
                    return False
            return True

        wrong = []
        try:
            until(fed, "records for the innocent", 10)
        except Failed as why:
            wrong.append(str(why))
        for title, group in groups.items():
            got = self.streams.say("report", group)
            if got["open"] != got["members"] or got["ends"] or got["gaps"]:
                wrong.append(f"innocent {group}: {got}")
        return wrong


def asked_again(world, groups, proof, wanted, name):
    """The next request on each connection that is there still."""
    wrong = []
    for title, group in groups.items():
        kind = KINDS[title]
        where = world.where(kind, name)
        got = world.streams.say("ask", group, where, "/any", *proof.fields(where))["answers"]
        if set(got) != {str(wanted)}:
            wrong.append(f"next request, {title}: {got}, not {wanted}")
    return wrong
