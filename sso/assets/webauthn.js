// Passkeys on the gate's pages: makes buttons of what stands there with data-passkey, and takes what the browser answers back
// to the gate. Nothing here decides anything. No dependencies; loaded by the pages that have a use for it, and by no other.

const bytes = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(Array.from(new Uint8Array(buffer), (b) => String.fromCharCode(b)).join(''))
  .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

// The gate's options have their bytes as base64url (Web Authentication Level 3, s5.1.10 and 5.1.11), in these places.
const descriptors = (list) => list.map((one) => ({ ...one, id: bytes(one.id) }));
const creation = (json) => ({ ...json, challenge: bytes(json.challenge), user: { ...json.user, id: bytes(json.user.id) },
  excludeCredentials: descriptors(json.excludeCredentials) });
const request = (json) => ({ ...json, challenge: bytes(json.challenge), allowCredentials: descriptors(json.allowCredentials) });

// The same way back, for browsers without toJSON.
const credential_json = (credential) => {
  const { response } = credential;
  const out = { id: credential.id, rawId: text(credential.rawId), type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(), response: { clientDataJSON: text(response.clientDataJSON) } };
  if (credential.authenticatorAttachment) out.authenticatorAttachment = credential.authenticatorAttachment;
  if (response.attestationObject) {
    out.response.attestationObject = text(response.attestationObject);
    out.response.transports = response.getTransports?.() ?? [];
  } else {
    out.response.authenticatorData = text(response.authenticatorData);
    out.response.signature = text(response.signature);
    if (response.userHandle) out.response.userHandle = text(response.userHandle);
  }
  return out;
};

// Said to the person as it is; everything else becomes a sentence of ours.
class Refused extends Error {}

const ask = async (path, body) => {
  let reply;
  try {
    reply = await fetch(path, { method: 'POST', credentials: 'same-origin', redirect: 'error', body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json', 'X-Sallyport-Request': '1' } });
  } catch {
    throw new Refused('The gateway could not be reached. Please try again.');
  }
  const answer = await reply.json().catch(() => ({}));
  if (!reply.ok) throw new Refused(answer.message || 'The gateway could not do this. Please try again.');
  return answer;
};

const sentence = (error) => {
  if (error instanceof Refused) return error.message;
  if (error.name === 'InvalidStateError') return 'This device holds a passkey of yours already.';
  if (error.name === 'NotAllowedError') return 'No passkey was used. You can try again, or take another way.';
  if (error.name === 'SecurityError') return 'The browser allows no passkey at this address.';
  return 'The browser could not use a passkey here.';
};

// In the place that is read out at once; made where the page has none.
const say = (near, words) => {
  let place = document.getElementById('problem');
  if (!place && !words) return;
  if (!place) {
    place = document.createElement('div');
    place.id = 'problem';
    place.setAttribute('role', 'alert');
    near.before(place);
  }
  place.replaceChildren();
  if (!words) return;
  const alert = document.createElement('p');
  alert.className = 'alert';
  alert.textContent = words;
  place.append(alert);
};

let waiting = null;  // a conditional request, which an open one has to wait for

const show = async (place, mediation) => {
  const controller = new AbortController();
  if (mediation === 'conditional') waiting = controller;
  const { publicKey } = await ask('/.sallyport/webauthn/options', {});
  const credential = await navigator.credentials.get({ publicKey: request(publicKey), mediation, signal: controller.signal });
  const answer = await ask('/.sallyport/webauthn', { credential: credential_json(credential), flow: place.dataset.flow || '',
    then: place.dataset.then || '' });
  location.assign(answer.location);
};

const add = async (form) => {
  const { publicKey } = await ask('/api/v1/me/passkeys/options', {});
  const credential = await navigator.credentials.create({ publicKey: creation(publicKey) });
  form.elements.credential.value = JSON.stringify(credential_json(credential));
  form.submit();
};

const guarded = async (place, button, work) => {
  say(place, '');
  button.disabled = true;
  waiting?.abort();
  waiting = null;
  try {
    await work();
  } catch (error) {
    say(place, sentence(error));
    button.disabled = false;
    button.focus();
  }
};

// Passkeys among the suggestions of the user field, for as long as a challenge is good.
const suggest = async (place) => {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  const renewal = setTimeout(() => { if (waiting) { waiting.abort(); suggest(place); } }, 9 * 60 * 1000);
  try {
    await show(place, 'conditional');
  } catch (error) {
    clearTimeout(renewal);
    if (error.name !== 'AbortError' && error.name !== 'NotAllowedError') say(place, sentence(error));
  }
};

for (const place of document.querySelectorAll('[data-passkey]')) {
  const button = place.querySelector('button'), hint = place.querySelector('[data-without]');
  if (!window.PublicKeyCredential || !navigator.credentials) {
    hint.textContent = 'This browser knows no passkeys. Take another way.';
    continue;
  }
  hint.remove();
  for (const hidden of place.querySelectorAll('[hidden]')) hidden.hidden = false;
  if (place.dataset.passkey === 'add') {
    place.addEventListener('submit', (event) => { event.preventDefault(); guarded(place, button, () => add(place)); });
  } else {
    button.addEventListener('click', () => guarded(place, button, () => show(place)));
    if (place.dataset.passkey === 'factor' && !document.getElementById('code')) button.focus();
  }
  if (place.dataset.passkey === 'sign-in') suggest(place);
}
