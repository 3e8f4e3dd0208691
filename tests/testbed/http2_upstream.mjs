// An HTTP/2 upstream with everything that can go wrong on purpose. One argument, JSON: {port, cert, key, http1, settings}.
// Without cert it speaks HTTP/2 in the clear. Tells on stdout, a JSON object per line: {ready}, {session}, {request},
// {body}, {closed}; takes commands on stdin the same way: {do: "release", name}, {do: "goaway", last}, {do: "say", stream, text}.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import http2 from "node:http2";
import https from "node:https";
import readline from "node:readline";

const options = JSON.parse(process.argv[2]);
const tell = (event) => process.stdout.write(JSON.stringify(event) + "\n");
const sessions = [];
const released = new Set();
const waiting = new Map();
const spoken = new Map();
const pattern = Buffer.from(Array.from({ length: 1 << 16 }, (_, at) => at & 255));

function once(name, then) {
  if (released.has(name)) return then();
  waiting.set(name, [...(waiting.get(name) ?? []), then]);
}

function whole(stream, then) {
  const digest = createHash("sha256");
  let length = 0, trailers = {};
  stream.on("trailers", (headers) => { trailers = { ...headers }; });
  stream.on("data", (piece) => { length += piece.length; digest.update(piece); });
  stream.on("end", () => {
    const body = { length, sha256: digest.digest("hex"), trailers };
    tell({ body: { id: stream.key, ...body } });
    then?.(body);
  });
}

function answer(stream, status, told, more = {}) {
  if (stream.destroyed) return;
  const text = Buffer.from(JSON.stringify(told));
  if (status === 204 || status === 304) return stream.respond({ ":status": status, "x-echo": "1", ...more }, { endStream: true });
  stream.respond({ ":status": status, "content-type": "application/json", "content-length": text.length, "x-echo": "1", ...more });
  stream.end(text);
}

function pour(stream, count) {
  const more = () => {
    while (count > 0) {
      const piece = count >= pattern.length ? pattern : pattern.subarray(0, count);
      count -= piece.length;
      if (!stream.write(piece)) return stream.once("drain", more);
    }
    stream.end();
  };
  more();
}

const actions = {
  echo(stream, request) { whole(stream, (body) => answer(stream, 200, { ...request, ...body })); },
  status(stream, request, code) { whole(stream, (body) => answer(stream, Number(code), { ...request, ...body })); },
  sink(stream) { whole(stream, (body) => answer(stream, 200, body)); },
  bytes(stream, _request, count) {
    stream.respond({ ":status": 200, "content-length": count });
    stream.resume();
    pour(stream, Number(count));
  },
  pour(stream, _request, count) {
    stream.respond({ ":status": 200 });
    stream.resume();
    pour(stream, Number(count));
  },
  hold(stream, _request, name) { once(name, () => whole(stream, (body) => answer(stream, 200, body))); },
  wait(stream, request, name) { whole(stream, (body) => once(name, () => answer(stream, 200, { ...request, ...body }))); },
  trailers(stream, _request, count) {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.once("wantTrailers", () => stream.sendTrailers(
      { "x-sum": "42", "grpc-status": "0", "grpc-message": "fine", "x_under.score": "kept", "x-sallyport-user": "forged", "proxy": "forged" }));
    whole(stream, () => stream.end("x".repeat(Number(count || 5))));
  },
  "trailers-only"(stream) {
    whole(stream, () => stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "12" }, { endStream: true }));
  },
  grpc(stream) {
    let rest = Buffer.alloc(0), messages = 0;
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0", "grpc-message": String(messages) }));
    stream.on("data", (piece) => {
      for (rest = Buffer.concat([rest, piece]); rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1); messages++) {
        const end = 5 + rest.readUInt32BE(1);
        stream.write(rest.subarray(0, end));
        rest = rest.subarray(end);
      }
    });
    stream.on("end", () => stream.end());
  },
  early(stream) {  // the status of a call that is over before the client has said all
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "8" }));
    stream.end();
  },
  spoken(stream) {
    stream.respond({ ":status": 200, "content-type": "text/event-stream" });
    stream.resume();
    spoken.set(stream.key, stream);
  },
  interim(stream, request, count) {
    for (let i = 0; i < Number(count || 1); i++) stream.additionalHeaders({ ":status": 103, link: "</a.css>" });
    whole(stream, (body) => answer(stream, 200, { ...request, ...body }));
  },
  silent() {},
  reset(stream, _request, code) { stream.close(Number(code)); },
  half(stream, _request, count) {
    stream.respond({ ":status": 200, "content-length": count });
    stream.write("x".repeat(Number(count) / 2), () => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR));
  },
  liar(stream, _request, count) {  // one byte less than was said
    stream.respond({ ":status": 200, "content-length": count });
    stream.end("x".repeat(Number(count) - 1));
  },
  drop(stream) { stream.session.destroy(); },
};

function serve(stream, headers) {
  stream.key = `${stream.session.number}.${stream.id}`;
  const request = { id: stream.key, session: stream.session.number, method: headers[":method"], target: headers[":path"],
    authority: headers[":authority"], scheme: headers[":scheme"], headers: { ...headers },
    sensitive: [...(headers[http2.sensitiveHeaders] ?? [])] };
  tell({ request });
  stream.on("error", () => {});
  stream.on("close", () => tell({ closed: { id: stream.key, code: stream.rstCode } }));
  const [verb, argument] = headers[":path"].split("?")[0].split("/").slice(1);
  (actions[verb] ?? actions.echo)(stream, request, argument);
}

const http1 = (request, response) => {  // of those who did not agree on HTTP/2
  request.resume();
  request.on("end", () => response.end(JSON.stringify({ version: request.httpVersion, method: request.method, headers: request.headers })));
};
const pair = options.cert && { cert: readFileSync(options.cert), key: readFileSync(options.key) };
const server = options.http1 ? https.createServer(pair, http1)
  : pair ? http2.createSecureServer({ ...pair, allowHTTP1: true, settings: options.settings })
    : http2.createServer({ settings: options.settings });
server.on("session", (session) => {
  session.number = sessions.push(session);
  session.on("error", () => {});
  session.on("close", () => tell({ session_closed: session.number }));
  tell({ session: session.number });
});
server.on("stream", serve);
server.on("upgrade", (request, socket) => {
  const accept = createHash("sha1").update(request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest("base64");
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  tell({ upgraded: request.socket.alpnProtocol });
  socket.on("error", () => {});
});
server.on("sessionError", () => {});
server.listen(options.port ?? 0, "127.0.0.1", () => tell({ ready: server.address().port }));

const commands = {
  release({ name }) {
    released.add(name);
    for (const then of waiting.get(name) ?? []) then();
    waiting.delete(name);
  },
  // A GOAWAY in order: streams up to `last` go on (default: all there are).
  goaway({ session, last }) {
    const to = sessions[session - 1];
    if (last === undefined) to.close(); else to.goaway(0, last);
  },
  say({ stream, text }) { spoken.get(stream).write(text); },
  settings({ session, settings }) { sessions[session - 1].settings(settings); },
};
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const command = JSON.parse(line);
  commands[command.do](command);
}).on("close", () => process.exit(0));
