#!/usr/bin/python3
"""A name server (UDP, 127.0.0.1) that says what the test tells it, another thing each time if need be.

names["crm.example.test"] = ["192.0.2.1", "2001:db8::1"]     these addresses, every time
names["crm.example.test"] = lambda asked: [...]              asked: how often this name was asked for before, of this type
Any other name does not exist. `questions` is what was asked, as (name, "A" or "AAAA").
"""
import ipaddress
import socket
import struct
import threading

A, AAAA, NXDOMAIN = 1, 28, 3


class DnsServer:
    def __init__(self, names, ttl=0):
        self.names, self.ttl, self.questions = names, ttl, []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()

    def _serve(self):
        while True:
            try:
                query, sender = self._socket.recvfrom(4096)
                if not query:
                    return
                self._socket.sendto(self._reply(query), sender)
            except OSError:
                return

    def _addresses(self, name, kind):
        said = self.names.get(name.lower())
        if said is None:
            return None
        told = said(self.questions.count((name.lower(), kind))) if callable(said) else said
        found = [ipaddress.ip_address(text) for text in told]
        return [address.packed for address in found if (address.version == 4) == (kind == "A")]

    def _reply(self, query):
        """RFC 1035 s4: the question is copied, each answer points at its name."""
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1"))
            at += 1 + query[at]
        name, (number, _) = ".".join(labels), struct.unpack_from("!HH", query, at + 1)
        kind = {A: "A", AAAA: "AAAA"}.get(number)
        addresses = self._addresses(name, kind) if kind else []
        self.questions.append((name.lower(), kind))
        code = NXDOMAIN if addresses is None else 0
        records = b"".join(struct.pack("!HHHIH", 0xC00C, number, 1, self.ttl, len(packed)) + packed for packed in addresses or [])
        return query[:2] + struct.pack("!HHHHH", 0x8580 | code, 1, len(addresses or []), 0, 0) + query[12:at + 5] + records
