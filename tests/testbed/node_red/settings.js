// Settings of a Node-RED for the scenarios: loopback only, no call to the outside, two static tokens, and a record of
// every request and upgrade as it arrived, one JSON object a line. node_red.py copies this into the user folder and says
// the rest in the environment: NR_PORT, NR_RECORD, NR_FULL, NR_READ, NR_AUTH (function, list or none), NR_NODE_ROOT, NR_ADMIN_ROOT.
const fs = require('fs');
const http = require('http');
const { events } = require('@node-red/util');

const env = process.env;
const record = (entry) => fs.appendFileSync(env.NR_RECORD, JSON.stringify(entry) + '\n');

const emitOfServer = http.Server.prototype.emit;
http.Server.prototype.emit = function (event, request, ...rest) {
  if (event === 'request' || event === 'upgrade') {
    record({ event, method: request.method, url: request.url, authorization: request.headers.authorization || '',
      user: request.headers['x-sallyport-user'] || '' });
  }
  return emitOfServer.call(this, event, request, ...rest);
};

// What a client said on /comms beside `subscribe` and `auth`.
const emitOfEvents = events.emit;
events.emit = function (name, ...rest) {
  if (String(name).startsWith('comms:message:')) record({ event: 'comms', url: String(name).slice('comms:message:'.length) });
  return emitOfEvents.call(this, name, ...rest);
};

const people = { full: { username: 'full', permissions: '*' }, read: { username: 'read', permissions: 'read' } };
const adminAuth = {
  // The function makes Node-RED take the header on /comms too.
  function: {
    type: 'credentials', users: [],
    tokens: async (token) => (token === env.NR_FULL ? people.full : token === env.NR_READ ? people.read : null),
  },
  // With a list the header counts for requests only: on /comms the first message has to carry the token.
  list: {
    type: 'credentials', users: [people.full, people.read],
    tokens: [{ token: env.NR_FULL, user: 'full', scope: '*' }, { token: env.NR_READ, user: 'read', scope: 'read' }],
  },
  none: undefined,
};

module.exports = {
  uiHost: '127.0.0.1', uiPort: Number(env.NR_PORT), flowFile: 'flows.json', credentialSecret: 'of-the-scenarios',
  httpAdminRoot: env.NR_ADMIN_ROOT, httpNodeRoot: env.NR_NODE_ROOT, adminAuth: adminAuth[env.NR_AUTH],
  telemetry: { enabled: false, updateNotification: false }, externalModules: { palette: { allowInstall: false } },
  editorTheme: { tours: false, projects: { enabled: false }, palette: { catalogues: [] } },
  logging: { console: { level: 'info', metrics: false, audit: false } },
};
