"""Where a provider's metadata comes from (B1): a file or a URL, the last good one kept; and its change of keys."""
from gateway import GATE
from registry import contains, equal, expect, test
from saml_bed import Published, Visitor, document, introduce, line1, refused, signed_in, simplesaml, sp_metadata
from wait import until
from world import upstream, world


def behind(t, provider, metadata=None, **more):
    gateway = world(t, line1(upstream(t)), document(t, provider, metadata=metadata, **more))
    introduce(gateway, provider)
    return gateway


def leads_there(gateway, name="corp"):
    """The status of the way to the provider: 302 or 303 once its metadata is known."""
    return gateway.ask(GATE, target=f"/.sallyport/saml/{name}/login", headers=[("Accept", "text/html")]).status


def is_known(gateway, name="corp"):
    until(lambda: leads_there(gateway, name) in (302, 303), "the provider's metadata to be known")


@test
def our_own_is_there_before_the_providers(t):
    provider = simplesaml(t)
    published = Published(t, "this is no metadata")
    gateway = world(t, line1(upstream(t)), document(t, provider, metadata=published.url))
    text = sp_metadata(gateway)
    acs = f'Location="https://{GATE}:{gateway.port}/.sallyport/saml/corp/acs"'
    for part in (acs, 'use="signing"', 'use="encryption"', f'Location="https://{GATE}:{gateway.port}/.sallyport/saml/corp/slo"'):
        contains(text, part, "our metadata")
    equal(gateway.ask(GATE, target="/.sallyport/saml/nobody/metadata").status, 404, "status for a provider that is not there")
    equal(leads_there(gateway), 503, "status of the way to a provider whose metadata does not read")


@test
def our_keys_stay_over_a_restart_and_differ_by_installation(t):
    provider = simplesaml(t)
    gateway = behind(t, provider)
    before = sp_metadata(gateway)
    gateway.stop()
    gateway.start()
    equal(sp_metadata(gateway), before, "our metadata after a restart")
    other = world(t, document(t, provider), name="other")
    expect(before.split("X509Certificate")[1] not in sp_metadata(other), "two installations have one key")


@test
def by_url_of_the_provider_itself(t):
    provider = simplesaml(t)
    gateway = behind(t, provider, provider.metadata_url)
    is_known(gateway)
    signed_in(gateway, provider)


@test
def a_url_whose_server_is_not_trusted_is_not_believed(t):
    provider = simplesaml(t)
    gateway = world(t, line1(upstream(t)), document(t, provider, metadata=provider.metadata_url, upstream={"networks": ["127.0.0.0/8"]}))
    equal(leads_there(gateway), 503, "status without the CA")
    gateway.apply(document(t, provider, metadata=provider.metadata_url, upstream={"ca": str(provider.ca)}))
    equal(leads_there(gateway), 503, "status without a word for the loopback network")
    gateway.apply(document(t, provider, metadata=provider.metadata_url))
    is_known(gateway)


@test
def the_last_good_one_is_kept(t):
    provider = simplesaml(t)
    published = Published(t, provider.metadata())
    gateway = behind(t, provider, published.url)
    is_known(gateway)
    published.is_gone = True
    signed_in(gateway, provider)
    gateway.stop()
    gateway.start()
    signed_in(gateway, provider)
    published.is_gone, published.text = False, "<html>We are back soon</html>"
    gateway.stop()
    gateway.start()
    signed_in(gateway, provider)


@test
def while_the_provider_is_gone_and_after(t):
    provider = simplesaml(t)
    gateway = behind(t, provider, provider.metadata_url)
    is_known(gateway)
    provider.stop()
    gateway.stop()
    gateway.start()
    equal(Visitor(gateway).once("GET", f"https://{GATE}:{gateway.port}/.sallyport/saml/corp/login").status // 100, 3,
          "status of the way to a provider that is gone")
    provider.start()
    until(provider.is_ready, "the provider to be back", 30)
    signed_in(gateway, provider)


@test
def two_keys_while_the_provider_changes_them(t):
    provider = simplesaml(t, announces="two")
    gateway = behind(t, provider)
    signed_in(gateway, provider)
    provider.change(signs="two", announces="")
    signed_in(gateway, provider)
    gateway.apply(document(t, provider))  # now only the new one
    signed_in(gateway, provider, "bob")
    provider.change(signs="one")
    visitor = Visitor(gateway, provider)
    visitor.sign_in_at()
    refused(visitor, "signature's key")


@test
def a_new_key_that_nobody_announced_is_refused_until_the_url_has_it(t):
    provider = simplesaml(t)
    published = Published(t, provider.metadata())
    gateway = behind(t, provider, published.url)
    is_known(gateway)
    signed_in(gateway, provider)
    provider.change(signs="two")
    visitor = Visitor(gateway, provider)
    visitor.sign_in_at()
    refused(visitor, "signature's key")
    published.text = provider.metadata()
    gateway.stop()
    gateway.start()

    def is_taken():
        visitor = Visitor(gateway, provider)
        return visitor.sign_in_at().status == 200

    until(is_taken, "the new key to be known")
