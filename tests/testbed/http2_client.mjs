// An HTTP/2 client on one connection, led by commands on stdin, a JSON object per line: {do: "open", name, headers, end},
// {do: "send", name, text | bytes | base64, end, trailers}, {do: "reset", name}, {do: "pause" | "resume", name}.
// Tells on stdout: {ready}, {head}, {data}, {trailers}, {ended}. One argument, JSON: {port, host, ca, window}.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import http2 from "node:http2";
import readline from "node:readline";

const options = JSON.parse(process.argv[2]);
const tell = (event) => process.stdout.write(JSON.stringify(event) + "\n");
const session = http2.connect(`https://${options.host}:${options.port}`,
  { ca: readFileSync(options.ca), servername: options.host, lookup: (_name, wanted, done) => wanted.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4),
    settings: options.window ? { initialWindowSize: options.window } : {} });
session.on("connect", () => tell({ ready: true }));
session.on("error", (error) => tell({ failed: String(error) }));
const streams = new Map();

function follow(name, stream) {
  const digest = createHash("sha256");
  let length = 0;
  streams.set(name, stream);
  stream.on("response", (headers) => tell({ head: name, status: headers[":status"], headers: { ...headers } }));
  stream.on("data", (piece) => {
    length += piece.length;
    digest.update(piece);
    tell({ data: name, length, text: piece.length <= 4096 ? piece.toString("latin1") : "" });
  });
  stream.on("trailers", (headers) => tell({ trailers: name, headers: { ...headers } }));
  let whole = false;
  stream.on("end", () => { whole = true; });
  stream.on("error", () => {});
  stream.on("close", () => tell({ ended: name, whole: whole && !stream.aborted, code: stream.rstCode, length, sha256: digest.digest("hex") }));
}

const commands = {
  open({ name, headers, end }) { follow(name, session.request(headers, { endStream: !!end })); },
  send({ name, text, bytes, base64, end, trailers }) {
    const stream = streams.get(name);
    if (trailers) stream.once("wantTrailers", () => stream.sendTrailers(trailers));
    if (text !== undefined) stream.write(text);
    if (base64 !== undefined) stream.write(Buffer.from(base64, "base64"));
    if (bytes !== undefined) stream.write(Buffer.alloc(bytes, "y"));
    if (end) stream.end();
  },
  reset({ name }) { streams.get(name).close(http2.constants.NGHTTP2_CANCEL); },
  pause({ name }) { streams.get(name).pause(); },
  resume({ name }) { streams.get(name).resume(); },
};
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const command = JSON.parse(line);
  commands[command.do](command);
}).on("close", () => process.exit(0));
