/* Passkeys in forms. `<form data-passkey="add|use" data-options="URL">` has a hidden field `credential`
   and a button `data-passkey-button`; what is hidden of them is shown where the browser can do it. */
const decode = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const encode = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
  .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const keys = (list) => (list || []).map((key) => ({ ...key, id: decode(key.id) }));

const created = async (options) => navigator.credentials.create({
  publicKey: {
    ...options,
    challenge: decode(options.challenge),
    user: { ...options.user, id: decode(options.user.id) },
    excludeCredentials: keys(options.excludeCredentials),
  },
});

const used = async (options) => navigator.credentials.get({
  publicKey: { ...options, challenge: decode(options.challenge), allowCredentials: keys(options.allowCredentials) },
});

const written = (credential) => {
  const { response } = credential;
  const parts = { clientDataJSON: encode(response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) parts[name] = encode(response[name]);
  }
  return JSON.stringify({
    id: credential.id,
    rawId: encode(credential.rawId),
    type: credential.type,
    response: parts,
    clientExtensionResults: credential.getClientExtensionResults(),
    authenticatorAttachment: credential.authenticatorAttachment,
  });
};

const ask = async (form, submitter) => {
  const answer = await fetch(form.dataset.options, { method: "POST", headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  const options = await answer.json();
  const credential = await (form.dataset.passkey === "add" ? created(options) : used(options));
  form.elements.namedItem("credential").value = written(credential);
  form.requestSubmit(submitter);
};

const watch = (form) => {
  const button = form.querySelector("[data-passkey-button]");
  const told = form.querySelector("[data-passkey-told]");
  const field = form.elements.namedItem("credential");
  if (!button || !field) return;
  for (const part of [form, button, form.querySelector("[data-passkey-offer]")]) if (part) part.hidden = false;
  form.addEventListener("submit", (event) => {
    if (field.value || event.submitter !== button) return;
    event.preventDefault();
    button.setAttribute("aria-busy", "true");
    ask(form, button).catch(() => { if (told) told.hidden = false; })
      .finally(() => button.removeAttribute("aria-busy"));
  });
};

if (window.PublicKeyCredential) document.querySelectorAll("form[data-passkey]").forEach(watch);
