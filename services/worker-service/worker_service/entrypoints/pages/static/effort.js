/* Proof of effort for one more account from an address that made many: see domain/effort.py. */
const field = document.querySelector("[data-challenge]");
const told = document.querySelector("[data-effort-told]");

const isSolved = (digest, bits) => {
  const head = new DataView(digest).getUint32(0);
  return head >>> (32 - bits) === 0;
};

const solve = async (challenge, bits) => {
  const encoder = new TextEncoder();
  for (let number = 0; ; number += 1) {
    const digest = await crypto.subtle.digest("SHA-256", encoder.encode(`${challenge}:${number}`));
    if (isSolved(digest, bits)) return `${challenge}:${number}`;
  }
};

if (field && globalThis.crypto?.subtle) {
  const buttons = field.form.querySelectorAll("button");
  buttons.forEach((button) => { button.disabled = true; });
  told.hidden = false;
  solve(field.dataset.challenge, Number(field.dataset.bits)).then((proof) => {
    field.value = proof;
    buttons.forEach((button) => { button.disabled = false; });
  });
}
