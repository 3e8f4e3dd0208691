"""A session or token without the factor that is demanded opens no stream of any kind (A4): the kinds are those of
revocation_table.py, so that one that is added there is tried here."""
from registry import Failed, test
from revocation_table import KINDS, Proof, own
from revocation_world import World
from wait import until

FEW = {title: 2 for title in KINDS}
NAMES = ("crm", "line")


def demands(world):
    """{who demands one: (how, what takes that back)}."""
    required = lambda name, key: [{**each, key: [{**rule, "mfa": "required"} for rule in each[key]]} for each in world.documents(name)]
    return {"the team": ([world.team(mfa="required")], [world.team()]),
            "the platform": ([{"kind": "platform", "name": "platform", "mfa": "required"}],
                             [{"kind": "platform", "name": "platform", "mfa": "optional"}]),
            "the user": ([world.person(mfa="required")], [world.person(mfa="optional")]),
            "rules and areas": (required("crm", "access") + required("line", "areas"), world.documents("crm") + world.documents("line"))}


class OnePerson(World):
    def person(self, **patch):
        return {"kind": "user", "name": self.user, "email": "eve@example.test"} | patch


def weak_token(world, browser):
    """One that a session without a factor made."""
    return Proof(world.gateway, world.user, token=own(world, browser, "POST", "/api/v1/me/tokens", {"name": "weak", "expires": "1d"})
                 .json()["token"])


def tried(world, proof, group, kind, name, wanted):
    """What is wrong with the answers to streams of a kind that must not open."""
    where, count = world.where(kind, name), 2
    world.streams.say("open", group, kind.what, count, count if kind.version == 2 else 1, 1, where, kind.path,
                      *proof.fields(where), f"X-Group: {group}")
    try:
        until(lambda: not world.streams.say("report", group)["open"], f"the answers to {group}", 5)
    except Failed as why:
        return [str(why)]
    got, came = world.streams.say("report", group), world.seen(group)["came"]
    world.streams.say("drop", group)
    return [f"{group}: {got['ends']}, {came} came to the upstream"] if (got["ends"], came) != ({wanted: count}, 0) else []


@test(limit=120)
def no_kind_opens_without_the_factor(t):
    world = OnePerson(t, FEW, 40, workers=2)
    session = world.session()
    proofs = {"session": (session, "status:401"), "token": (weak_token(world, session.browser), "status:403")}
    for kind in KINDS.values():
        for name in NAMES:
            session.fields(world.where(kind, name))  # with a session of each host's own, from before
    wrong = []
    for number, (whose, (documents, back)) in enumerate(demands(world).items()):
        world.gateway.apply(*documents)
        for means, (proof, wanted) in proofs.items():
            for name in NAMES:
                for title, kind in KINDS.items():
                    wrong += [f"{whose}, {means}: {each}" for each in
                              tried(world, proof, f"d{number}{means}{name}/{title}", kind, name, wanted)]
        world.gateway.apply(*back)
    for means, (proof, _) in proofs.items():  # and with the right to it all of them do
        world.have_begun(world.open(f"after{means}", proof))
    if wrong:
        raise Failed(f"{len(wrong)} findings:\n  " + "\n  ".join(wrong))
