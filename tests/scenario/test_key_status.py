"""`key status`: which keys sign, since when, which come next and from when."""
from registry import absent, contains, equal, expect, test
from test_sso_trace import provider
from world import world


def saml_keys(gateway):
    return [key for key in gateway.listing("key", "status")[0]["keys"] if key["purpose"] == "saml-sp"]


@test
def saml_keys_are_shown_in_their_turns(t):
    gateway = world(t, start=False)
    equal(saml_keys(gateway), [], "before there is a provider")
    gateway.apply(provider(gateway))
    (first,) = saml_keys(gateway)
    equal((first["state"], first["retired"], first["signs_from"]), ("active", False, first["created"]), "the first")
    gateway.must("key", "rotate-saml")
    equal([key["state"] for key in saml_keys(gateway)], ["active", "next"], "with one that is announced")
    following = saml_keys(gateway)[1]
    expect(following["signs_from"] > following["created"], f"it signs later: {following}")
    gateway.must("key", "rotate-saml", "--after", "1ms")
    states = {key["id"]: key["state"] for key in saml_keys(gateway)}
    equal(sorted(states.values()), ["active", "next", "opens only"], "with one that signs at once")
    equal((states[first["id"]], states[following["id"]]), ("opens only", "next"), "those from before")
    shown = gateway.must("key", "status")
    contains(shown, "SIGNS FROM", "the table")
    contains(shown, following["signs_from"][:19], "the table")
    absent(shown + str(saml_keys(gateway)), "PRIVATE", "key status")


@test
def a_saml_key_that_was_changed_outside_is_damaged(t):
    gateway = world(t, start=False)
    gateway.apply(provider(gateway))
    with gateway.store() as store:
        store.execute("UPDATE named_keys SET sealed = zeroblob(length(sealed)) WHERE purpose = 'saml-sp'")
    (key,) = saml_keys(gateway)
    equal((key["state"], "signs_from" in key), ("damaged", False), "what is said of it")
