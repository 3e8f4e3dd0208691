"""The people and groups of the directory that tests look into, as LDIF; every password is NAMEpass1.

People (ou=people): alice, bob, carol, dave (no mail), two called twin, one called a*b, one called (star), crowded in 2,100 groups.
Groups (ou=groups): admins {alice}, staff {alice, bob}, "Plant, North" {bob}; nested: sp-plant-owner {staff}, level1 {carol} to
level4, each in the next; ring-a and ring-b hold each other and carol; unique {dave} by uniqueMember; by-name has alice in its description.
ou=crowd: crowd0 to crowd2099 {crowded}.
"""
BASE = "dc=example,dc=test"
PEOPLE, GROUPS, CROWD = f"ou=people,{BASE}", f"ou=groups,{BASE}", f"ou=crowd,{BASE}"
READER, READER_PASSWORD = f"cn=reader,{BASE}", "reader-pass-1"
BLIND = f"cn=blind,{BASE}"  # may bind and see nothing; the same password
ROOT, ROOT_PASSWORD = f"cn=root,{BASE}", "root-pass-1"
CROWD_SIZE = 2100


def _record(dn, classes, **attributes):
    lines = [f"dn: {dn}", *[f"objectClass: {each}" for each in classes]]
    for name, values in attributes.items():
        lines += [f"{name}: {value}" for value in (values if isinstance(values, list) else [values])]
    return "\n".join(lines) + "\n\n"


def _person(rdn, uid, name, mail):
    return _record(f"{rdn},{PEOPLE}", ["inetOrgPerson"], uid=uid, cn=sorted({f"{name} Example", rdn.partition("=")[2]}), sn="Example",
                   userPassword=f"{name}pass1", **({"mail": mail} if mail else {}))


def _group(name, members, place=GROUPS, kind="groupOfNames", attribute="member"):
    return _record(f"cn={name},{place}", [kind], **{attribute: members})


def _uid(name):
    return f"uid={name},{PEOPLE}"


def entries():
    """What is there before the server starts (slapadd)."""
    text = _record(BASE, ["dcObject", "organization"], dc="example", o="Example")
    text += "".join(_record(dn, ["organizationalUnit"], ou=dn[3:dn.index(",")]) for dn in (PEOPLE, GROUPS, CROWD))
    text += "".join(_record(dn, ["organizationalRole", "simpleSecurityObject"], cn=dn[3:dn.index(",")], userPassword=READER_PASSWORD)
                    for dn in (READER, BLIND))
    for name in ("alice", "bob", "carol", "crowded"):
        text += _person(f"uid={name}", name, name, [f"{name}@example.test", f"{name}@elsewhere.test"])
    text += _person("uid=dave", "dave", "dave", None)
    text += _person("cn=twin one", "twin", "twin", "twin1@example.test") + _person("cn=twin two", "twin", "twin", "twin2@example.test")
    text += _person("cn=star", "a*b", "star", "star@example.test") + _person("cn=brackets", "(star)", "brackets", "brackets@example.test")
    return text + "".join(_group(f"crowd{i}", [_uid("crowded")], CROWD) for i in range(CROWD_SIZE))


def groups():
    """What goes in over the wire (ldapadd), so that the server notes it as memberOf. Groups first, then who is in them: what a
    group holds must be there."""
    members = {"admins": [_uid("alice")], "staff": [_uid("alice"), _uid("bob")], "Plant\\, North": [_uid("bob")],
               "level1": [_uid("carol")], "ring-a": [_uid("carol")], "ring-b": [_uid("carol")]}
    nested = {"sp-plant-owner": "staff", "level2": "level1", "level3": "level2", "level4": "level3"}
    text = "".join(_group(name, who) for name, who in members.items())
    text += "".join(_group(name, [f"cn={inner},{GROUPS}"]) for name, inner in nested.items())
    text += _record(f"cn=by-name,{GROUPS}", ["groupOfNames"], member=READER, description="alice")
    text += _group("unique", [_uid("dave")], kind="groupOfUniqueNames", attribute="uniqueMember")
    for outer, inner in (("ring-a", "ring-b"), ("ring-b", "ring-a")):
        text += f"dn: cn={outer},{GROUPS}\nchangetype: modify\nadd: member\nmember: cn={inner},{GROUPS}\n\n"
    return text
