"""Raw HTTP/1.1 attacks on the whole gateway, judged by what arrives at a recording upstream: never two requests for one, never
framing that a strict reader would dispute, never a spoofed field; and the next client is served. The tables: attacks/*.py."""
from itertools import chain

from attacks import chunks, framing, limits, lines, spoofing, targets
from attacks.judge import Ground, survive
from attacks.mutations import survive_mutations
from registry import equal, test
from world import bearer, datasource, host, instance, signed_in, upstream, world


@test(limit=120)
def a_body_ends_in_one_place(t):
    ground = Ground(t)
    survive(ground, chain(framing.lengths(ground.maker), framing.codings(ground.maker)), 150)


@test(limit=120)
def chunks_and_trailers_have_one_reading(t):
    ground = Ground(t)
    survive(ground, chain(chunks.chunks(ground.maker), chunks.trailers(ground.maker)), 90)


@test(limit=120)
def lines_have_one_reading(t):
    ground = Ground(t)
    survive(ground, lines.lines(ground.maker), 80)


@test(limit=120)
def a_target_is_one_place(t):
    ground = Ground(t)
    survive(ground, targets.targets(ground.maker), 70)


@test(limit=120)
def a_host_is_one_host(t):
    for make in (datasource, instance):  # an instance is sent the client's Host
        ground = Ground(t, make, keeps_host=make is instance, name=make.__name__)
        survive(ground, targets.hosts(ground.maker), 60)


@test(limit=120)
def nobody_speaks_for_the_gateway(t):
    ground = Ground(t)
    survive(ground, chain(spoofing.spoofing(ground.maker), spoofing.expectations(ground.maker),
                          spoofing.never_served(ground.maker)), 100)


@test(limit=120)
def a_credential_counts_once(t):
    ground = Ground(t)
    first, second = (signed_in(ground.gateway, "ann", ground.crm).jar[ground.crm]["__Host-sallyport"] for _ in range(2))
    survive(ground, spoofing.credentials(ground.maker, first, second), 60)


@test(limit=120)
def a_token_does_not_travel_as_the_clients_own_authorization(t):
    ground = Ground(t, lambda name, url: datasource(name, url, pass_authorization=True))
    session = signed_in(ground.gateway, "ann", ground.crm).jar[ground.crm]["__Host-sallyport"]
    survive(ground, spoofing.passed_on(ground.maker, session), 8)


@test(limit=120)
def a_method_is_what_the_first_word_says(t):
    def get_only(name, url):
        return datasource(name, url, access=[{"roles": ["owner"], "methods": ["GET"]}])
    ground = Ground(t, get_only)
    survive(ground, spoofing.methods(ground.maker), 35)


@test(limit=120)
def too_much_and_too_little_hold_nobody_up(t):
    ground = Ground(t)
    survive(ground, limits.limits(ground.maker), 25)


@test(limit=1800)
def nothing_unthought_of_gets_through(t):
    survive_mutations(Ground(t), 20000 if t.long_run else 300)


@test
def underscores_are_dropped_or_refused_as_configured(t):
    for setting in ("drop", "refuse"):
        echo = upstream(t, None)
        gateway = world(t, datasource("crm", echo), name=setting, limits={"underscores": setting})
        response = gateway.ask(host("crm"), headers=bearer(gateway.token("ann")) + [("X_Own", "1"), ("X~Own", "1"), ("X-Own", "2")])
        if setting == "refuse":
            equal((response.status, echo.requests), (400, []), "refuse")
        else:
            equal(response.status, 200, "drop")
            equal([echo.last().all(name) for name in ("x_own", "x~own", "x-own")], [[], [], ["2"]], "fields at the upstream")
