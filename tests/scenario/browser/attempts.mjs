// What a page can try against another host whose user is signed in. Each attempt runs inside the page as run(x), with
// x = {name, to: the URL aimed at, socket: the same as wss:, here: the page's own origin, mark, gate, app}, and returns whatever
// the page could read. Groups:
//   acts       from the page's own host each of these succeeds and reaches the upstream: that is the control
//   loads      the same for what only reads: from the own host it reaches the upstream
//   links      a person's way to another page: a GET may arrive, as a page load, and nothing of it can be read
//   gate       aimed at the gate's own addresses; `at` names which
// A run that returns 'navigated' leaves the page: the driver waits for the answer, and reads nothing.

const form = (method, enctype, target = '') => new Function('x', `
  const f = document.createElement('form');
  f.method = '${method}'; f.enctype = '${enctype}'; f.action = x.to; f.target = '${target}';
  if ('${target}') { const i = document.createElement('iframe'); i.name = '${target}'; document.body.append(i); }
  const fields = x.fields || { setting: 'changed' };
  for (const [name, value] of Object.entries(fields)) {
    const i = document.createElement('input'); i.type = 'hidden'; i.name = name; i.value = value; f.append(i);
  }
  document.body.append(f); f.submit(); return 'navigated';`);

// Every fetch gives: the text read, or why not.
const fetching = (options) => new Function('x', `
  const options = ${options};
  return fetch(options.to || x.to, { credentials: 'include', ...options })
    .then(async (r) => r.type + ' ' + r.status + ' ' + await r.text() + ' ' + JSON.stringify([...r.headers]), (e) => 'refused: ' + e.message);`);

const element = (tag, attribute, more = '') => new Function('x', `
  return new Promise((done) => {
    const e = document.createElement('${tag}'); ${more}
    const told = (what) => setTimeout(() => {
      let text = '';
      try { text += e.contentDocument?.documentElement?.outerHTML ?? ''; } catch (error) { text += error.name; }
      try { text += [...(e.sheet?.cssRules ?? [])].map((rule) => rule.cssText); } catch (error) { text += error.name; }
      done(what + ' ' + text + ' ' + (self.stolen ?? ''));
    });
    e.onload = () => told('loaded'); e.onloadeddata = () => told('loaded'); e.onerror = () => told('error');
    e.${attribute} = x.to; document.body.append(e);
  });`);

const text = `headers: { 'Content-Type': 'text/plain' }, body: 'setting=changed'`;
const urlencoded = `body: new URLSearchParams({ setting: 'changed' })`;
const multipart = `body: (() => { const d = new FormData(); d.append('setting', 'changed'); return d; })()`;
const json = `headers: { 'Content-Type': 'application/json' }, body: '{"setting":"changed"}'`;

const acts = {
  form_urlencoded: form('post', 'application/x-www-form-urlencoded'),
  form_multipart: form('post', 'multipart/form-data'),
  form_text: form('post', 'text/plain'),
  form_in_a_frame: form('post', 'application/x-www-form-urlencoded', 'sink'),
  form_in_a_tab: form('post', 'application/x-www-form-urlencoded', '_blank'),
  fetch_cors_text: fetching(`{ method: 'POST', mode: 'cors', ${text} }`),
  fetch_cors_urlencoded: fetching(`{ method: 'POST', mode: 'cors', ${urlencoded} }`),
  fetch_cors_multipart: fetching(`{ method: 'POST', mode: 'cors', ${multipart} }`),
  fetch_cors_json: fetching(`{ method: 'POST', mode: 'cors', ${json} }`),
  fetch_cors_no_type: fetching(`{ method: 'POST', mode: 'cors', body: new Uint8Array([123, 125]) }`),
  fetch_own_header: fetching(`{ method: 'POST', mode: 'cors', headers: { 'X-Sallyport-Request': '1', 'X-Requested-With': 'x' }, body: '{}' }`),
  fetch_no_cors_text: fetching(`{ method: 'POST', mode: 'no-cors', ${text} }`),
  fetch_no_cors_urlencoded: fetching(`{ method: 'POST', mode: 'no-cors', ${urlencoded} }`),
  fetch_no_cors_multipart: fetching(`{ method: 'POST', mode: 'no-cors', ${multipart} }`),
  fetch_same_origin: fetching(`{ method: 'POST', mode: 'same-origin', ${text} }`),
  fetch_put: fetching(`{ method: 'PUT', ${json} }`),
  fetch_patch: fetching(`{ method: 'PATCH', ${json} }`),
  fetch_delete: fetching(`{ method: 'DELETE' }`),
  fetch_keepalive: fetching(`{ method: 'POST', keepalive: true, mode: 'no-cors', ${text} }`),
  fetch_no_referrer: fetching(`{ method: 'POST', mode: 'no-cors', referrerPolicy: 'no-referrer', ${text} }`),
  xhr_post: (x) => new Promise((done) => {
    const r = new XMLHttpRequest(); r.open('POST', x.to); r.withCredentials = true;
    r.onloadend = () => done(r.status + ' ' + r.responseText + r.getAllResponseHeaders()); r.send('setting=changed');
  }),
  xhr_put: (x) => new Promise((done) => {
    const r = new XMLHttpRequest(); r.open('PUT', x.to); r.withCredentials = true;
    r.onloadend = () => done(r.status + ' ' + r.responseText + r.getAllResponseHeaders()); r.send('setting=changed');
  }),
  beacon_text: (x) => String(navigator.sendBeacon(x.to, 'setting=changed')),
  beacon_json: (x) => String(navigator.sendBeacon(x.to, new Blob(['{}'], { type: 'application/json' }))),
  web_socket: (x) => new Promise((done) => {
    const s = new WebSocket(x.socket);
    s.onopen = () => s.send('change the setting'); s.onmessage = (m) => { done('read ' + m.data); s.close(); }; s.onerror = () => done('refused');
  }),
  post_sent_on: (x) => fetch(x.here + '/send?to=' + encodeURIComponent(x.to), { method: 'POST', mode: 'no-cors', credentials: 'include', body: 'x' })
    .then(async (r) => r.type + ' ' + r.status + ' ' + await r.text(), (e) => 'refused: ' + e.message),
  form_sent_on: (x) => {
    const f = document.createElement('form');
    f.method = 'post'; f.action = x.here + '/send?to=' + encodeURIComponent(x.to);
    document.body.append(f); f.submit(); return 'navigated';
  },
};

// Without an origin of their own (Origin: null): nobody's, so from the victim's own page they are refused just the same.
const orphans = {
  form_of_a_sandbox: (x) => new Promise((done) => {
    const i = document.createElement('iframe');
    i.sandbox = 'allow-scripts allow-forms';
    i.srcdoc = `<form method=post action="${x.to}"><input name=setting value=changed></form><script>document.forms[0].submit()</script>`;
    let loads = 0;
    i.onload = () => { if (++loads === 2) done('answered'); };
    document.body.append(i);
  }),
  form_of_a_data_page: (x) => {
    const i = document.createElement('iframe');
    i.src = 'data:text/html,' + encodeURIComponent(`<form method=post action="${x.to}"></form><script>document.forms[0].submit()</script>`);
    document.body.append(i); return 'navigated';
  },
  fetch_of_a_sandbox: (x) => new Promise((done) => {
    const i = document.createElement('iframe');
    i.sandbox = 'allow-scripts';
    i.srcdoc = `<script>fetch(${JSON.stringify(x.to)}, {credentials: 'include', method: 'POST', body: 'x'}).then((r) => r.text(),
      (e) => 'refused: ' + e.message).then((t) => parent.postMessage(t, '*'))</script>`;
    onmessage = (m) => done(m.data); document.body.append(i);
  }),
};

const loads = {
  fetch_get_cors: fetching(`{ mode: 'cors' }`),
  fetch_get_no_cors: fetching(`{ mode: 'no-cors' }`),
  fetch_head: fetching(`{ method: 'HEAD' }`),
  xhr_get: (x) => new Promise((done) => {
    const r = new XMLHttpRequest(); r.open('GET', x.to); r.withCredentials = true;
    r.onloadend = () => done(r.status + ' ' + r.responseText + r.getAllResponseHeaders()); r.send();
  }),
  event_source: (x) => new Promise((done) => {
    const s = new EventSource(x.to, { withCredentials: true });
    s.onopen = () => { s.close(); done('open'); }; s.onerror = () => { s.close(); done('error'); };
  }),
  image: element('img', 'src'),
  image_cors: element('img', 'src', "e.crossOrigin = 'use-credentials';"),
  script: element('script', 'src'),
  script_cors: element('script', 'src', "e.crossOrigin = 'use-credentials';"),
  module: (x) => import(x.to).then(() => 'loaded ' + (self.stolen ?? ''), (e) => 'refused: ' + e.message),
  style: element('link', 'href', "e.rel = 'stylesheet';"),
  object: element('object', 'data'),
  embed: element('embed', 'src'),
  video: element('video', 'src'),
  audio: element('audio', 'src'),
  preload: element('link', 'href', "e.rel = 'preload'; e.as = 'script';"),
  prefetch: element('link', 'href', "e.rel = 'prefetch';"),
  worker_import: (x) => new Promise((done) => {
    const source = `try { importScripts(${JSON.stringify(x.to)}); postMessage('loaded ' + self.stolen); } catch (e) { postMessage('refused: ' + e.message); }`;
    const w = new Worker(URL.createObjectURL(new Blob([source]))); w.onmessage = (m) => done(m.data);
  }),
  get_sent_on: fetching(`{ to: x.here + '/send?to=' + encodeURIComponent(x.to) }`),
};

const reading_of_a_window = (how) => new Function('x', `
  return new Promise((done) => {
    const told = [];
    onmessage = (m) => { if (m.origin !== location.origin) told.push(String(m.data)); };
    ${how}
    let rounds = 0;
    const look = () => {
      for (const get of [() => w.document.documentElement.outerHTML, () => w.location.href, () => w.document.cookie, () => w.name,
                         () => w.localStorage.length, () => w.eval('document.body.innerText'), () => Object.keys(w).join()]) {
        try { const v = String(get()); if (v && !v.startsWith('<html><head></head><body></body>') && v !== 'about:blank') told.push(v); } catch (e) { told.push(e.name); }
      }
      try { w.postMessage({ act: x.to }, '*'); } catch (e) { told.push(e.name); }
      if (++rounds < 20) setTimeout(look, 25); else done(told.join('\\n'));
    };
    look();
  });`);

const links = {
  form_get: form('get', 'application/x-www-form-urlencoded'),
  location: (x) => { location.href = x.to; return 'navigated'; },
  meta_refresh: (x) => { location.href = x.here + '/refresh?to=' + encodeURIComponent(x.to); return 'navigated'; },
  redirects: (x) => {
    location.href = x.here + '/send?status=302&to=' + encodeURIComponent(x.here + '/send?status=303&to=' + encodeURIComponent(x.to));
    return 'navigated';
  },
  frame_read: reading_of_a_window(`const i = document.createElement('iframe'); i.src = x.to; document.body.append(i); const w = i.contentWindow;`),
  window_read: reading_of_a_window(`const w = open(x.to);`),
  window_opener: reading_of_a_window(`try { document.domain = 'apps.localhost'; } catch (e) { told.push(e.name); } const w = open(x.to, 'victim');`),
  speculation: (x) => {
    const s = document.createElement('script'); s.type = 'speculationrules';
    const rule = [{ source: 'list', urls: [x.to], eagerness: 'immediate' }];
    s.textContent = JSON.stringify({ prefetch: rule, prerender: rule }); document.body.append(s); return 'asked';
  },
};

const logout = { at: '/.sallyport/logout' };
const login = { at: '/.sallyport/login' };
const as_thief = (x) => JSON.stringify({ user: x.thief.user, password: x.thief.password });
const gate = {
  logout_form: { ...logout, run: acts.form_urlencoded },
  logout_form_text: { ...logout, run: acts.form_text },
  logout_form_multipart: { ...logout, run: acts.form_multipart },
  logout_form_in_a_frame: { ...logout, run: acts.form_in_a_frame },
  logout_form_sent_on: { ...logout, run: acts.form_sent_on },
  logout_form_of_a_sandbox: { ...logout, run: orphans.form_of_a_sandbox },
  logout_fetch: { ...logout, run: acts.fetch_own_header },
  logout_fetch_no_cors: { ...logout, run: acts.fetch_no_cors_urlencoded },
  logout_xhr: { ...logout, run: acts.xhr_post },
  logout_beacon: { ...logout, run: acts.beacon_text },
  logout_image: { ...logout, run: loads.image },
  logout_get: { ...logout, run: loads.fetch_get_cors },
  logout_prefetch: { ...logout, run: loads.prefetch },
  logout_framed: { ...logout, run: links.frame_read, framed: true },
  logout_at_the_app: { ...logout, host: 'app', run: acts.form_urlencoded },
  logout_at_the_app_no_cors: { ...logout, host: 'app', run: acts.fetch_no_cors_text },
  login_form: { ...login, thief: true, run: acts.form_urlencoded },
  login_form_in_a_frame: { ...login, thief: true, run: acts.form_in_a_frame },
  login_json: { ...login, run: new Function('x', `return fetch(x.to, { method: 'POST', credentials: 'include', headers: { 'Content-Type': 'application/json',
    'X-Sallyport-Request': '1' }, body: (${as_thief})(x) }).then((r) => r.text(), (e) => 'refused: ' + e.message)`) },
  login_json_as_text: { ...login, run: new Function('x', `return fetch(x.to, { method: 'POST', mode: 'no-cors', credentials: 'include',
    body: (${as_thief})(x) }).then((r) => r.text(), (e) => 'refused: ' + e.message)`) },
  login_framed: { ...login, run: links.frame_read, framed: true },
  account_framed: { at: '/.sallyport/account', run: links.frame_read, framed: true },
  account_opened: { at: '/.sallyport/account', run: links.window_read },
  account_read: { at: '/.sallyport/account', run: loads.fetch_get_cors },
  account_end_session: { at: '/.sallyport/account/end-session', session: true, run: acts.form_urlencoded },
  account_end_others: { at: '/.sallyport/account/end-others', run: acts.form_urlencoded },
  me_read: { at: '/api/v1/me', run: loads.fetch_get_cors },
  me_as_script: { at: '/api/v1/me', run: loads.script },
  me_sessions_read: { at: '/api/v1/me/sessions', run: loads.xhr_get },
  me_end_others: { at: '/api/v1/me/sessions/end-others', run: acts.fetch_own_header },
  me_end_others_form: { at: '/api/v1/me/sessions/end-others', run: acts.form_text },
  me_end_session: { at: '/api/v1/me/sessions/SESSION', run: acts.fetch_delete },
  gate_web_socket: { at: '/', run: acts.web_socket },
  gate_event_source: { at: '/api/v1/me/sessions', run: loads.event_source },
};

const group = (name, entries, host) => Object.entries(entries).map(([key, value]) =>
  ({ name: key, group: name, host, ...(typeof value === 'function' ? { run: value } : value) }));

export const attempts = [...group('acts', acts, 'app'), ...group('orphans', orphans, 'app'), ...group('loads', loads, 'app'),
  ...group('links', links, 'app'), ...Object.entries(gate).map(([name, entry]) => ({ host: 'gate', ...entry, name, group: 'gate' }))];
