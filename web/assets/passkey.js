// Passkeys are the one thing a page cannot do without a script. A form with `data-passkey` shows itself where the
// browser knows passkeys, asks for one when it is sent, and sends the answer along.
if (window.PublicKeyCredential) {
  for (const form of document.querySelectorAll('form[data-passkey]')) {
    form.hidden = false;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      send(form);
    });
  }
}

async function send(form) {
  const alert = form.querySelector('[role="alert"]');
  alert.textContent = '';
  try {
    const options = JSON.parse(form.dataset.options);
    const answer = form.dataset.passkey === 'create' ? await create(options) : await get(options);
    form.elements.passkey_response.value = JSON.stringify(answer);
    form.submit();
  } catch (error) {
    alert.textContent = WORDS[error.name] ?? `The browser says: ${error.message}`;
  }
}

const WORDS = {
  NotAllowedError: 'No passkey was given: it was refused, or took too long.',
  InvalidStateError: 'This device has a passkey for you already.',
};

async function create(options) {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: options.excludeCredentials.map(known),
  };
  const credential = await navigator.credentials.create({ publicKey });
  const { clientDataJSON, attestationObject } = credential.response;
  const transports = credential.response.getTransports?.() ?? [];
  const response = { clientDataJSON: text(clientDataJSON), attestationObject: text(attestationObject), transports };
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response };
}

async function get(options) {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    allowCredentials: options.allowCredentials.map(known),
  };
  const credential = await navigator.credentials.get({ publicKey });
  const { clientDataJSON, authenticatorData, signature } = credential.response;
  const response = {
    clientDataJSON: text(clientDataJSON),
    authenticatorData: text(authenticatorData),
    signature: text(signature),
  };
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response };
}

function known(descriptor) {
  return { ...descriptor, id: bytes(descriptor.id) };
}

function bytes(base64url) {
  const binary = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function text(buffer) {
  const binary = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
