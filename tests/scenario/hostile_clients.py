"""A crowd of clients that hold on to what they can: a process of its own, so that it takes no time of the one that measures.

hostile_clients.py PORT HOST TOKEN CA SECONDS: each kind of KINDS, so many at once, again and again until SECONDS are over.
Prints `crowd` when all of them are there, then a line of JSON for each connection that ended: {kind, seconds, said,
gap}, the last the longest time between two pieces of what it sends: on a busy machine more than it meant.
"""
import asyncio
import json
import ssl
import sys
import time

PORT, HOST, TOKEN, CA, SECONDS = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4], float(sys.argv[5])
AUTHORITY = f"{HOST}:{PORT}"
AT_ONCE = 60  # handshakes that are under way together: the crowd is large, its coming is not what is measured
PATIENCE = 30


def head(method, target, *lines):
    return "\r\n".join([f"{method} {target} HTTP/1.1", f"Host: {AUTHORITY}", f"Authorization: Bearer {TOKEN}", *lines, "", ""]).encode()


def hello():
    """The bytes of a ClientHello."""
    out = ssl.MemoryBIO()
    connection = ssl.create_default_context(cafile=CA).wrap_bio(ssl.MemoryBIO(), out, server_hostname=HOST)
    try:
        connection.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


class Stays(Exception):
    """Nobody is let go who keeps the limits."""


class Client:
    """One connection; what was said to it is in .said."""

    gate = asyncio.Semaphore(AT_ONCE)
    context = ssl.create_default_context(cafile=CA)
    there = 0

    def __init__(self, tls):
        self.tls, self.said, self.gap = tls, b"", 0

    async def __aenter__(self):
        async with self.gate:
            self.began = time.monotonic()
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", PORT, limit=4096, **(
                {"ssl": self.context, "server_hostname": HOST} if self.tls else {}))
        Client.there += 1
        return self

    async def __aexit__(self, *_):
        self.writer.transport.abort()

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def drip(self, data, pause, size=1):
        """Sends `data` in pieces, until it is over or something was said."""
        last = time.monotonic()
        for at in range(0, len(data), size):
            await self.send(data[at:at + size])
            if await self.read(pause):
                return
            self.gap, last = max(self.gap, time.monotonic() - last), time.monotonic()

    async def read(self, seconds):
        """True when the connection is over or something was said within the time."""
        try:
            piece = await asyncio.wait_for(self.reader.read(4096), seconds)
        except asyncio.TimeoutError:
            return False
        self.said += piece
        return True

    async def last_words(self):
        """What had come before sending failed."""
        try:
            self.said += await asyncio.wait_for(self.reader.read(4096), 1)
        except (OSError, ssl.SSLError, asyncio.TimeoutError):
            pass

    async def rest(self, most=1 << 30):
        """Everything said until the end."""
        while piece := await asyncio.wait_for(self.reader.read(65536), PATIENCE):
            self.said += piece[:100]
            most -= len(piece)
            if most < 0:
                return


async def slowloris(client):
    await client.drip(head("GET", "/", *[f"X-{n}: a" for n in range(90)]), 0.1, 9)


async def byte_by_byte(client):
    await client.drip(head("GET", "/"), 0.05)


async def half_a_head(client):
    await client.send(head("GET", "/")[:-2])


async def no_body(client):
    await client.send(head("POST", "/sink", "Content-Length: 1000000"))


async def half_a_chunk(client):
    await client.send(head("POST", "/sink", "Transfer-Encoding: chunked") + b"ff\r\nabc")


async def slow_body(client):
    """Slow, and within the limits: to be served."""
    await client.send(head("POST", "/sink", "Content-Length: 12", "Connection: close"))
    await client.drip(b"x" * 12, 0.3)


async def no_reader(client):
    await client.send(head("GET", "/bytes/200000000"))
    await asyncio.sleep(SECONDS / 2)


async def slow_reader(client):
    await client.send(head("GET", "/bytes/200000000"))
    for _ in range(int(SECONDS / 0.2)):
        if not await client.read(5) or client.reader.at_eof():
            return
        client.said = client.said[:100]
        await asyncio.sleep(0.2)
    raise Stays  # it may stay: what it takes, it takes in time


async def pipelined_unread(client):
    await client.send(head("GET", "/bytes/60000") * 100)
    await asyncio.sleep(SECONDS / 2)


async def silent(client):
    pass


async def half_a_hello(client):
    await client.send(hello()[:60])


async def hello_by_bytes(client):
    await client.drip(hello(), 0.05)


async def no_hello(client):
    await client.send(b"\x16\x03\x01\xff\xff\x01")


# kind -> (what it does, how many, TLS)
KINDS = {
    "slowloris": (slowloris, 60, True), "byte by byte": (byte_by_byte, 40, True), "half a head": (half_a_head, 40, True),
    "no body": (no_body, 40, True), "half a chunk": (half_a_chunk, 20, True), "slow body": (slow_body, 30, True),
    "no reader": (no_reader, 10, True), "slow reader": (slow_reader, 10, True), "pipelined unread": (pipelined_unread, 10, True),
    "idle": (silent, 300, True), "no handshake": (silent, 100, False), "half a hello": (half_a_hello, 50, False),
    "hello by bytes": (hello_by_bytes, 30, False), "a hello too long": (no_hello, 30, False)}


async def actor(kind, act, tls, until):
    while time.monotonic() < until:
        try:
            async with Client(tls) as client:
                try:
                    await act(client)
                    await client.rest(1 << 20 if act is slow_reader else 1 << 30)
                except (OSError, ssl.SSLError):
                    await client.last_words()
                print(json.dumps({"kind": kind, "seconds": round(time.monotonic() - client.began, 2),
                                  "said": client.said[:60].decode("latin-1"), "gap": round(client.gap, 2)}), flush=True)
        except Stays:
            return
        except asyncio.TimeoutError:
            print(json.dumps({"kind": kind, "seconds": PATIENCE, "said": "never let go"}), flush=True)
            return
        except (OSError, ssl.SSLError) as why:
            print(json.dumps({"kind": kind, "seconds": 0, "said": f"no connection: {why}"}), flush=True)
            return


async def main():
    until = time.monotonic() + SECONDS
    actors = [asyncio.create_task(actor(kind, act, tls, until)) for kind, (act, many, tls) in KINDS.items() for _ in range(many)]
    while Client.there < len(actors) and not all(each.done() for each in actors):
        await asyncio.sleep(0.01)
    print("crowd", flush=True)
    await asyncio.gather(*actors)


if __name__ == "__main__":
    asyncio.run(main())
