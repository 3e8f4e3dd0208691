"""The HTTP/2 client of these tests, held against the examples of RFC 7541 and RFC 9113. It needs no gateway."""
import hpack_wire as hpack
import http2_wire as http2
from hpack_wire import Decoder, HpackError
from registry import Failed, equal, expect, test

REQUESTS = [  # appendix C.3 and C.4: the blocks without and with Huffman, the fields, the size of the table
    ("828684410f7777772e6578616d706c652e636f6d", "828684418cf1e3c2e5f23a6ba0ab90f4ff",
     [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "www.example.com")], 57),
    ("828684be58086e6f2d6361636865", "828684be5886a8eb10649cbf",
     [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "www.example.com"),
      ("cache-control", "no-cache")], 110),
    ("828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565", "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
     [(":method", "GET"), (":scheme", "https"), (":path", "/index.html"), (":authority", "www.example.com"),
      ("custom-key", "custom-value")], 164)]
DATE = "Mon, 21 Oct 2013 20:13:21 GMT"
LATER = "Mon, 21 Oct 2013 20:13:22 GMT"
COOKIE = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"
RESPONSES = [  # appendix C.5 and C.6, with a table of 256 bytes
    ("4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e1768747470733a2f2f7777772e6578616d70"
     "6c652e636f6d",
     "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
     [(":status", "302"), ("cache-control", "private"), ("date", DATE), ("location", "https://www.example.com")], 222),
    ("4803333037c1c0bf", "4883640effc1c0bf",
     [(":status", "307"), ("cache-control", "private"), ("date", DATE), ("location", "https://www.example.com")], 222),
    ("88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f5157454f5049"
     "5541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31",
     "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb529"
     "1f9587316065c003ed4ee5b1063d5007",
     [(":status", "200"), ("cache-control", "private"), ("date", LATER), ("location", "https://www.example.com"),
      ("content-encoding", "gzip"), ("set-cookie", COOKIE)], 215)]


def refused(block, size_max=4096):
    try:
        found = Decoder(size_max).decode(block)
    except HpackError:
        return
    raise Failed(f"{block!r} was read as {found}")


@test
def the_decoder_reads_the_examples_of_rfc_7541(t):
    for examples, size_max in ((REQUESTS, 4096), (RESPONSES, 256)):
        for column in (0, 1):
            decoder = Decoder(size_max)
            for example in examples:
                wanted = [(name.encode(), value.encode()) for name, value in example[2]]
                equal(decoder.decode(bytes.fromhex(example[column])), wanted, f"the fields of {example[column][:20]}")
                equal(decoder.kept, example[3], f"the table's size after {example[column][:20]}")
    equal(len(hpack.STATIC), 61, "entries of the static table")
    equal((hpack.STATIC[14], hpack.STATIC[60]), ((b"accept-charset", b""), (b"www-authenticate", b"")),
          "entries 15 and 61")
    for text, kept in (("400a637573746f6d2d6b65790d637573746f6d2d686561646572", 55), ("040c2f73616d706c652f70617468", 0),
                       ("100870617373776f726406736563726574", 0), ("82", 0)):  # appendix C.2
        decoder = Decoder()
        equal(len(decoder.decode(bytes.fromhex(text))), 1, f"fields of {text}")
        equal(decoder.kept, kept, f"the table's size after {text}")


@test
def the_encoder_writes_the_examples_of_rfc_7541(t):
    equal([hpack.integer(10, 5), hpack.integer(1337, 5), hpack.integer(42, 8)], [b"\x0a", b"\x1f\x9a\x0a", b"\x2a"],
          "appendix C.1")
    equal(hpack.added("custom-key", "custom-header").hex(), "400a637573746f6d2d6b65790d637573746f6d2d686561646572",
          "C.2.1")
    equal(hpack.unindexed(4, "/sample/path").hex(), "040c2f73616d706c652f70617468", "C.2.2")
    equal(hpack.literal("password", "secret").hex(), "100870617373776f726406736563726574", "C.2.3")
    plain, coded = (b"".join([hpack.indexed(2), hpack.indexed(6), hpack.indexed(4),
                              hpack.added(1, "www.example.com", huffman)])
                    for huffman in (False, True))
    equal((plain.hex(), coded.hex()), REQUESTS[0][:2], "C.3.1 and C.4.1")
    every = bytes(range(256)) * 2
    equal(hpack.unhuffman(hpack.huffman(every)), every, "every byte, coded and decoded")
    equal(Decoder().decode(hpack.literal("x", every, True) + hpack.literal("y", every)), [(b"x", every), (b"y", every)],
          "every byte")


@test
def the_decoder_refuses_what_is_wrong(t):
    for block in (b"\x80", hpack.indexed(62), hpack.indexed(1 << 20), b"\xff\xff\xff\xff\xff\xff\x7f", b"\xff", b"\x00",
                  b"\x00\x05abc",
                  b"\x00\x01x\x7f", hpack.size_update(4097), hpack.indexed(2) + hpack.size_update(0),
                  b"\x00\x01x\x81\x00",
                  b"\x00\x01x\x84\xff\xff\xff\xff", b"\x00\x01x\x82\x07\xff"):
        refused(block)
    decoder = Decoder()
    decoder.decode(hpack.added("a", "b"))
    equal(decoder.decode(hpack.size_update(0) + hpack.size_update(4096) + hpack.indexed(2)), [(b":method", b"GET")],
          "two size updates")
    equal(decoder.table, [], "the table after it was made empty")


@test
def frames_are_written_byte_for_byte(t):
    equal(http2.settings((http2.INITIAL_WINDOW_SIZE, 1)).hex(), "000006040000000000000400000001", "SETTINGS")
    equal(http2.data(3, b"ab", pad=1).hex(), "00000400090000000301616200", "DATA with padding")
    equal(http2.frame(http2.PING, 0, 0, b"x", length=8, reserved=1).hex(), "0000080600800000" + "0078",
          "a PING that lies")
    equal(http2.headers(1, [b"\x82", ("a", "b")]).hex(), "000006010500000001" + "82" + "1001610162", "HEADERS")
    equal(http2.goaway(3, 1, b"x").hex(), "000009070000000000" + "0000000300000001" + "78", "GOAWAY")
    for bad in ([(b"a", b"b")], [(b":status", b"200"), (b"A", b"b")], [(b":status", b"200"), (b"a", b"b\r\nc")],
                [(b"a", b"b"), (b":status", b"200")], [(b":status", b"200"), (b"connection", b"close")]):
        try:
            http2.check_fields(bad)
        except Failed:
            continue
        expect(False, f"{bad} passed for fields of a response")
