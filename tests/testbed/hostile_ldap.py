"""LDAP servers that do not do what they should, each on a port of its own on 127.0.0.1."""
import socket
import ssl
import threading

BIND, SEARCH, EXTENDED = 0x60, 0x63, 0x77
BIND_ANSWER, ENTRY, SEARCH_ANSWER, EXTENDED_ANSWER = 0x61, 0x64, 0x65, 0x78
SUCCESS, PROTOCOL_ERROR, BUSY = 0, 2, 51


def _tagged(tag, content):
    size = len(content)
    head = bytes([size]) if size < 128 else b"\x84" + size.to_bytes(4, "big")
    return bytes([tag]) + head + content


def _message(number, operation, content):
    return _tagged(0x30, _tagged(2, bytes([number])) + _tagged(operation, content))


def _result(number, operation, code):
    return _message(number, operation, _tagged(10, bytes([code])) + _tagged(4, b"") + _tagged(4, b""))


def _entry(number, text):
    values = _tagged(0x31, _tagged(4, text))
    return _message(number, ENTRY, _tagged(4, b"cn=x,dc=example,dc=test") + _tagged(0x30, _tagged(0x30, _tagged(4, b"cn") + values)))


def _size(data):
    """(length of the head, length of the content) of what begins there, or None when there is not enough of it."""
    if len(data) < 2:
        return None
    if data[1] < 128:
        return 2, data[1]
    head = 2 + data[1] - 128
    return (head, int.from_bytes(data[2:head], "big")) if len(data) >= head else None


def _questions(connection):
    """(number, operation) of each message, as they come. Numbers are below 128."""
    data = b""
    while True:
        size = _size(data)
        if size and len(data) >= sum(size):
            inner = data[size[0]:]
            yield inner[2], inner[3]
            data = data[sum(size):]
            continue
        more = connection.recv(4096)
        if not more:
            return
        data += more


def silent(connection):
    while connection.recv(4096):
        pass


def closing(connection):
    pass


def other_protocol(connection):
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    silent(connection)


def huge_message(connection):
    """Begins one of 2 GiB."""
    connection.recv(4096)
    connection.sendall(b"\x30\x84\x7f\xff\xff\xff\x02\x01\x01")
    for _ in range(64):
        connection.sendall(b"x" * 65536)


def endless(connection):
    """Entries without an end, each of 64 KiB."""
    for number, operation in _questions(connection):
        if operation == BIND:
            connection.sendall(_result(number, BIND_ANSWER, SUCCESS))
        while operation == SEARCH:
            connection.sendall(_entry(number, b"x" * 65536))


def dripping(connection):
    """A byte now and then: it is never silent for long, and never done."""
    for number, operation in _questions(connection):
        if operation == BIND:
            for byte in _entry(number, b"x" * 4096):
                connection.sendall(bytes([byte]))
                threading.Event().wait(0.02)


def busy(connection):
    for number, operation in _questions(connection):
        connection.sendall(_result(number, BIND_ANSWER if operation == BIND else SEARCH_ANSWER, BUSY))


def another_kind(connection):
    """Success, whatever was asked, and of another kind than the question's."""
    for number, operation in _questions(connection):
        connection.sendall(_result(number, SEARCH_ANSWER if operation == BIND else BIND_ANSWER, SUCCESS))


def no_start_tls(connection):
    for number, _ in _questions(connection):
        connection.sendall(_result(number, EXTENDED_ANSWER, PROTOCOL_ERROR))


def injecting(connection):
    """Somebody on the way: starts TLS, and says at once, in clear text, what the next answers should be."""
    for number, operation in _questions(connection):
        if operation == EXTENDED:
            connection.sendall(_result(number, EXTENDED_ANSWER, SUCCESS) + _result(number + 1, BIND_ANSWER, SUCCESS))


def _with_tls(pair):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{pair}.pem", f"{pair}.key")

    def serve(connection):
        with context.wrap_socket(connection, server_side=True) as inner:
            silent(inner)
    return serve


def _old_tls(pair):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.load_cert_chain(f"{pair}.pem", f"{pair}.key")

    def serve(connection):
        with context.wrap_socket(connection, server_side=True) as inner:
            silent(inner)
    return serve


def _one(serve, connection):
    with connection:
        try:
            serve(connection)
        except OSError:
            pass  # the client has gone


def _accept(listener, serve):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_one, args=(serve, connection), daemon=True).start()


def start_all(pairs):
    """{name: port}. They live as long as this process."""
    kinds = {each.__name__: each for each in (silent, closing, other_protocol, huge_message, endless, dripping, busy, another_kind,
                                              no_start_tls, injecting)}
    kinds |= {name: _with_tls(pairs / name) for name in ("expired", "misnamed", "other")} | {"old_tls": _old_tls(pairs / "good")}
    ports = {}
    for name, serve in kinds.items():
        listener = socket.create_server(("127.0.0.1", 0))
        ports[name] = listener.getsockname()[1]
        threading.Thread(target=_accept, args=(listener, serve), daemon=True).start()
    return ports
