"""What the scenarios of HTTP/2 upstreams begin with: a real one in node, and a client that speaks HTTP/2 to the gateway."""
import json

import certs
from http2_programs import Http2Client, Http2Upstream, missing
from registry import Failed, Skipped, equal
from world import bearer, host, keyed, world

CRM = host("crm")


def http2_upstream(case, plain=False, **options):
    if why := missing():
        raise Skipped(why)
    pair = None if plain else (certs.folder() / "good.pem", certs.folder() / "good.key")
    upstream = Http2Upstream(pair, **options)
    case.defer(upstream.close)
    return upstream


def entry(**more):
    """Changes to a resource's `upstream`: it may speak HTTP/2."""
    return {"http2": True} | more


def standing(case, upstream=None, entry_more=None, resource=keyed, **config):
    """(gateway, upstream, headers of ann): the datasource `crm` over HTTP/2, running."""
    upstream = upstream or http2_upstream(case)
    gateway = world(case, resource("crm", upstream.url, upstream=entry(**(entry_more or {}))), **config)
    return gateway, upstream, bearer(gateway.token("ann"))


def http2_client(case, gateway, **options):
    client = Http2Client(gateway.port, CRM, gateway.dir / "tls/ca.pem", **options)
    case.defer(client.close)
    return client


def fields(token, **more):
    return {"authorization": token[0][1]} | {name.replace("_", "-"): value for name, value in more.items()}


def head_of(client, name, seconds=20):
    found = client.wait("head", seconds, head=name)
    if not found:
        raise Failed(f"no answer to {name}")
    return found


def end_of(client, name, seconds=30):
    found = client.wait("ended", seconds, ended=name)
    if not found:
        raise Failed(f"{name} does not end")
    return found


def told(client, name):
    """The JSON that the upstream answered."""
    equal(head_of(client, name)["status"], 200, f"status of {name}")
    end_of(client, name)
    return json.loads(client.text(name))
