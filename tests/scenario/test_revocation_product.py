"""Every trigger times every stream kind (revocation_table.py): no byte after 250 ms, closed within 1 s, nobody else closed."""
import time
from pathlib import Path

from registry import PATIENCE, Failed, equal, test
from revocation_table import KINDS, TRIGGERS
from revocation_world import World, asked_again

FEW = {title: 2 for title in KINDS}
PUSH_MS = 40


def innocents(world):
    """ann on the same resources and lea of another team, from another address; {name: {kind: group}}."""
    running = {title: kind for title, kind in KINDS.items() if kind.pushes}
    ann, lea = world.token("ann", "ann"), world.token("lea", "lea")
    return {"ann": world.open("ann", ann, source=2), "ann on the instance": world.open("annline", ann, "line", 2, running),
            "lea": world.open("lea", lea, "lab", 2, running)}


def play(world, number, title, trigger):
    """What went wrong with one trigger."""
    wrong, path = [], f"/t{number}"
    proofs = world.victims(trigger)
    victims = {means: world.open(f"t{number}{means}", proof, trigger.where, path=path) for means, proof in proofs}
    running = {each: kind for each, kind in KINDS.items() if kind.pushes}
    spared = {f"{turn}": world.open(f"t{number}spared{turn}", proof, kinds=running)
              for turn, proof in enumerate(trigger.spared(world) if trigger.spared else [])}
    # The time of an idle session runs already: what is used last is what was opened last.
    for groups in (*victims.values(), *spared.values()):
        world.have_begun(groups)
    told = trigger.act(world)
    since = told if isinstance(told, float) else time.time()
    for means, proof in proofs:
        ended = {each: group for each, group in victims[means].items()
                 if trigger.ends == "all" or KINDS[each].lasting or KINDS[each].idle}
        wrong += world.wrong_with_ended(ended, since, trigger.answer, PATIENCE)
        wrong += world.wrong_with_kept({each: group for each, group in victims[means].items() if each not in ended}, since + 0.3)
        idle = {each: group for each, group in ended.items() if KINDS[each].idle}
        wrong += asked_again(world, idle, proof, trigger.next or trigger.answer, trigger.where)
        refused = {each: group for each, group in ended.items() if "flight" in KINDS[each].what}
        wrong += asked_again(world, refused, world.lea, trigger.others, "lab")
    for groups in (*spared.values(), *world.innocents.values()):
        wrong += world.wrong_with_kept(groups, since + 0.3)
    for groups in (*victims.values(), *spared.values()):
        world.drop(groups)
    world.forget_others()
    if trigger.undo:
        trigger.undo(world)
    return [f"{title}: {each}" for each in wrong]


def reasons_in_the_audit_log(world, played):
    """Every stream that was ended left an entry, which says why."""
    found = {}
    for entry in world.gateway.audit():
        if entry.get("outcome") == "revoked":
            found.setdefault(entry["path"].rsplit("/", 1)[1], []).append(entry["reason"])
    wrong = []
    for number, trigger in played.items():
        ended = sum(2 for kind in KINDS.values() if not kind.idle and (kind.lasting or trigger.ends == "all"))
        wanted = [trigger.reason] * ended * (2 if trigger.proof == "both" else 1)
        if found.get(f"t{number}") != wanted:
            wrong.append(f"t{number}: {found.get(f't{number}')}, not {len(wanted)} times {trigger.reason}")
    return wrong


def walk(t, titles):
    world = World(t, FEW, PUSH_MS, workers=2)
    world.lea = world.token("lea", "asks")
    world.innocents = innocents(world)
    for groups in world.innocents.values():
        world.have_begun(groups)
    wrong, played = [], {}
    for number, (title, trigger) in enumerate(TRIGGERS.items()):
        if title in titles:
            wrong += play(world, number, title, trigger)
            played[number] = trigger
    wrong += reasons_in_the_audit_log(world, played)
    if wrong:
        raise Failed(f"{len(wrong)} findings:\n  " + "\n  ".join(wrong))


SHARES = 4


def share(first):
    return list(TRIGGERS)[first::SHARES]


@test(limit=240)
def every_trigger_ends_every_kind_1(t):
    walk(t, share(0))


@test(limit=240)
def every_trigger_ends_every_kind_2(t):
    walk(t, share(1))


@test(limit=240)
def every_trigger_ends_every_kind_3(t):
    walk(t, share(2))


@test(limit=240)
def every_trigger_ends_every_kind_4(t):
    walk(t, share(3))


SEEN = {"status:{answer}": "401 or 403", "rst": "TCP reset", "rst:2": "RST_STREAM INTERNAL_ERROR", "close:1008": "close frame 1008"}


@test
def the_page_says_what_is_played(_):
    """docs/REVOCATION.md has the same lines as the tables that are played, in the same order."""
    page = (Path(__file__).resolve().parents[2] / "docs/REVOCATION.md").read_text()
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in page.splitlines() if line.startswith("| ")]
    kinds = [(title, SEEN[kind.ends[0]] if kind.ends else "nothing", "yes" if kind.lasting else "no") for title, kind in KINDS.items()]
    triggers = [(title, each.reason, str(each.answer) if each.ends == "all" else "-", each.ends) for title, each in TRIGGERS.items()]
    equal([row for row in rows if len(row) == 3][1:], kinds, "stream kinds")
    equal([row for row in rows if len(row) == 4][1:], triggers, "triggers")
    equal(sorted(each for first in range(SHARES) for each in share(first)), sorted(TRIGGERS), "triggers that are played")
