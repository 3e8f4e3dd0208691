"""What the rules of scripts/lint.py know about this house. To allow something new, change a line here and say why."""

from typing import NamedTuple

# Includes run one way: a room sees itself and what stands before it.
ROOMS = ["base", "policy", "conf", "storage", "sso", "proxy", "console", "cli", "main"]

LINES_MAX = 430  # aim for 150


class Forbidden(NamedTuple):
    of: list  # files under these
    what: list  # may not include headers under these
    but_from: list  # except from these
    why: str


FORBIDDEN_INCLUDES = [
    Forbidden([""], ["storage/sqlite/"], ["storage/sqlite/", "cli/", "main.cc"],
              "only cli and main know which store it is"),
    Forbidden(["proxy/codec/"], ["policy/", "storage/", "sso/"], [], "a codec knows bytes, not who may do what"),
    Forbidden(["proxy/tls/"], ["policy/", "sso/", "proxy/codec/", "proxy/stations/"], [],
              "the TLS channel knows bytes, not who may do what"),
    Forbidden(["proxy/stations/"], ["proxy/tls/", "proxy/codec/"], [], "a station sees an Exchange only"),
]


# A station may be several files; a row here is one station. credentials is what stations share: a worker's unsealed values.
STATIONS = [{"forward", "request_head", "relay", "response_head", "tunnel"}]
STATION_VALUES = {"credentials"}


class Wrapped(NamedTuple):
    header: str
    places: list


# First match counts.
WRAPPED = [
    Wrapped("event2/", ["base/loop."]),
    Wrapped("sqlite3", ["storage/sqlite/"]),
    Wrapped("openssl/ssl.h", ["proxy/tls/", "sso/ldap/tls.cc"]),
    Wrapped("openldap.h", ["sso/ldap/connection.cc"]),
    Wrapped("ldap.h", ["sso/ldap/connection.cc"]),
    Wrapped("lber.h", ["sso/ldap/connection.cc"]),
    Wrapped("nghttp2/", ["proxy/codec/http2_session."]),
    Wrapped("argon2.h", ["sso/password"]),
    Wrapped("zxcvbn", ["sso/password"]),
    Wrapped("libxml/", ["sso/saml/xml.cc", "sso/saml/xml_library.cc", "sso/saml/xml_signature.cc"]),
    Wrapped("xmlsec/", ["sso/saml/xml_library.cc", "sso/saml/xml_signature.cc"]),
    Wrapped("ares", ["base/dns_channel."]),
    Wrapped("curl/", ["base/fetch.cc"]),
    Wrapped("yaml-cpp/", ["conf/"]),
    Wrapped("CLI/", ["cli/", "main.cc"]),
    Wrapped("spdlog/", ["base/log"]),
    Wrapped("prometheus/", ["proxy/admin.cc"]),
    Wrapped("qrencode.h", ["sso/qr.cc"]),
    Wrapped("re2/", ["policy/group_roles.cc"]),
]

HEAVY_IN_HEADERS = ["nlohmann/json.hpp", "yaml-cpp/", "spdlog/", "CLI/", "prometheus/", "iostream", "regex"]


class Banned(NamedTuple):
    pattern: str
    why: str
    but_in: list = []
    only: list = []
    unless_after: str = r"(?!)"  # in the same statement, in front of the match


ROOM_FOLDERS = [f"{room}/" for room in ROOMS[:-1]] + ["main.cc"]

BANNED = [
    # Placement new into memory that an allocator owns is not meant, nor a private constructor's object that goes straight
    # into a unique_ptr. base/secret.cc has one object that never dies.
    Banned(r"(?<!operator )\bnew\b(?!\s*\()", "no raw new: std::make_unique, or a value", only=ROOM_FOLDERS,
           but_in=["base/secret.cc"], unless_after=r"unique_ptr<[\w:]+>(\s+\w+)?\s*\(\s*$"),
    Banned(r"(?<!operator )(?<!= )\bdelete\b", "no raw delete: an owner does it", only=ROOM_FOLDERS),
    Banned(r"\bshared_ptr<(?!\s*const\b)", "shared_ptr only for snapshots: shared_ptr<const ...>", only=ROOM_FOLDERS,
           but_in=["base/blocking_pool.h",         # the state of a job that its asker may abandon
                   "base/loop.",                   # the mailbox of a loop that others may outlive
                   "base/log.cc",                  # spdlog's types want it
                   "storage/audit_log.cc",         # the same as in the pool, of a wait for the disk
                   "policy/snapshot_builder.h"]),  # a snapshot before it is handed out as const
    Banned(r"\b(strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|strtok|tmpnam|mktemp|system|popen)\s*\(",
           "not this function: bounded or stated alternatives exist", only=ROOM_FOLDERS),
    Banned(r"\bstd::regex\b", "no std::regex: its time is not bounded", only=ROOM_FOLDERS),
    Banned(r"\bs?rand\s*\(|\bstd::(mt19937\w*|rand|random_device)\b", "chance comes from base/random.h",
           only=ROOM_FOLDERS, but_in=["base/random."]),
    Banned(r"\bstd::c(out|err)\b|\b(f?printf|puts)\s*\(", "only commands print; the rest logs or returns an Error",
           only=ROOM_FOLDERS, but_in=["cli/", "main.cc", "base/mistake.", "base/log."]),
    Banned(r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|(?<![\w.>:])(?<!Sleep )sleep\s*\(",
           "no test and no loop sleeps: advance the clock, or wait for the event"),
    Banned(r"\busing namespace std\s*;", "no using namespace std"),
]

# Names of things this product has, and a library for event loops and bytes has not.
BASE_WORDS = r"\b(datasources?|teams?|tenants?|dashboards?|sign-?ins?|spt_|__Host-\w+|gateways?|upstreams?_url)\b"

# (file, rule) pairs that are right as they are, each with its reason.
EXCEPTIONS = {
}
