/* The editor: saves as one types, shows the preview and the findings again, and jumps to their lines. Without
   script the button saves and shows the same. */
(() => {
  "use strict";
  const PAUSE_MS = 700;
  const AGAIN_MS = 5000;
  const form = document.querySelector("form[data-editor]");
  const status = form?.querySelector("[data-saving]");
  const findings = document.getElementById("findings");
  const template = document.getElementById("template");
  const frame = document.querySelector("iframe.frame");
  if (!form || !findings) return;
  const version = form.elements.namedItem("version");
  let due = null;
  let busy = null;
  let held = false; // another tab has saved: nothing goes out before somebody chose
  let kept = null;
  const snapshot = () => {
    const data = new FormData(form);
    data.delete("table");
    data.delete("version");
    data.delete("idempotency_key");
    return JSON.stringify([...data]);
  };
  kept = snapshot();

  const show = (text) => {
    findings.innerHTML = text; // our own server's page, which escapes what it shows
    const told = findings.querySelector("[data-version]");
    if (!told) return;
    const next = new URL(told.dataset.frame, location.href);
    const shown = new URL(frame.src);
    shown.searchParams.set("version", next.searchParams.get("version"));
    if (shown.href !== frame.src) frame.src = shown.href;
  };
  const save = async () => {
    clearTimeout(due);
    const now = snapshot();
    if (held || now === kept) return;
    const data = new FormData(form);
    data.delete("table");
    status.textContent = status.dataset.busy;
    let answer = null;
    let text = "";
    try {
      answer = await fetch(form.action, { method: "POST", body: data, headers: { "X-Editor": "1", Accept: "text/html" }, keepalive: document.hidden });
      text = await answer.text();
    } catch { /* told below */ }
    if (!answer || ![200, 409, 422].includes(answer.status)) {
      status.textContent = answer?.status === 401 ? status.dataset.signedOut : status.dataset.failed;
      due = setTimeout(start, AGAIN_MS);
      return;
    }
    show(text);
    held = answer.status === 409;
    if (answer.ok) {
      kept = now;
      version.value = findings.querySelector("[data-version]").dataset.version;
    }
    status.textContent = answer.ok ? status.dataset.saved : status.dataset.refused;
  };
  /* One saving at a time: what is typed meanwhile goes with the next one. */
  const start = async () => {
    if (busy) return busy;
    busy = save();
    await busy;
    busy = null;
    if (!held && !due && snapshot() !== kept) later();
    return null;
  };
  const later = () => {
    clearTimeout(due);
    due = setTimeout(() => { due = null; start(); }, PAUSE_MS);
  };
  form.addEventListener("input", (event) => { if (event.target.type !== "file") later(); });
  document.addEventListener("visibilitychange", () => { if (document.hidden) start(); });

  /* A press waits for the saving under way: its version would be one too few. */
  form.addEventListener("submit", (event) => {
    clearTimeout(due);
    if (!busy) return;
    const { submitter } = event;
    event.preventDefault();
    event.stopImmediatePropagation();
    busy.then(() => setTimeout(() => form.requestSubmit(submitter)));
  }, true);

  /* Another row or width is another page: what is typed goes first. */
  document.querySelector(".preview-bar")?.addEventListener("click", async (event) => {
    const link = event.target.closest("a[href]");
    if (!link || held || snapshot() === kept) return;
    event.preventDefault();
    await start();
    location.assign(link.href);
  });

  findings.addEventListener("click", (event) => {
    const jump = event.target.closest("[data-line]");
    if (jump) {
      event.preventDefault();
      goTo(Number(jump.dataset.line));
    } else if (event.target.closest("[data-keep]")) {
      event.preventDefault();
      version.value = findings.querySelector("[data-version]").dataset.version;
      held = false;
      kept = null;
      start();
    }
  });
  const goTo = (line) => {
    const lines = template.value.split("\n");
    const begin = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    template.focus();
    template.setSelectionRange(begin, begin + (lines[line - 1] ?? "").length);
    const height = Number.parseFloat(getComputedStyle(template).lineHeight);
    template.scrollTop = Math.max(0, (line - 4) * height);
    template.scrollLeft = 0;
  };
})();
