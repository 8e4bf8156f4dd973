/* The workspace owns Submit. It asks the task's frame for the answer, keeps drafts, hands the answer in
   and goes on. Whoever speaks is known by event.source alone: the frame's origin is opaque, and what
   it says comes from a requester's page, so it is shown as text and never believed further.
   What was written is kept in this tab's storage until the server has it. */
(() => {
  "use strict";
  const frame = document.getElementById("task-frame");
  if (!frame) return;
  const DRAFT_MS = 2000;
  const RETRY_MS_MAX = 30000;
  const HEIGHT_PX = [200, 20000];
  const SHRINK_MS = 1500;
  const { assignment } = frame.dataset;
  const button = document.querySelector("[data-submit]");
  const state = document.querySelector("[data-draft-state]");
  const note = document.querySelector("[data-work-note]");
  const words = note.dataset;
  const digits = new Intl.NumberFormat(document.documentElement.lang);
  const api = `/api/tasks/v1/assignments/${assignment}`;

  /* ---- what this tab keeps: {answer, saved, key} ---- */
  const place = `cl_answer_${assignment}`;
  const kept = () => {
    try {
      return JSON.parse(sessionStorage.getItem(place)) ?? {};
    } catch {
      return {};
    }
  };
  const keep = (facts) => {
    try {
      sessionStorage.setItem(place, JSON.stringify({ ...kept(), ...facts }));
    } catch { /* storage is full or off: the drafts on the server remain */ }
  };
  const forget = () => sessionStorage.removeItem(place);
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
  const freshKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  /* One key an answer: a repeated call takes effect once, a changed answer is a new call. */
  const keyOf = (answer) => {
    const { answer: earlier, key } = kept();
    const chosen = key && same(earlier, answer) ? key : freshKey();
    keep({ answer, key: chosen });
    return chosen;
  };
  const isAnswer = (answer) => Array.isArray(answer) && answer.every((pair) => Array.isArray(pair)
    && pair.length === 2 && pair.every((part) => typeof part === "string"));

  /* ---- words ---- */
  const show = (tone, word, sentence, { next = false } = {}) => {
    note.className = `note ${tone}`;
    note.querySelector("[data-word]").className = `state ${tone}`;
    note.querySelector("[data-word]").textContent = word;
    note.querySelector("[data-sentence]").textContent = sentence;
    note.querySelector("[data-onward]").hidden = !next;
    note.hidden = false;
    note.scrollIntoView({ block: "nearest" });
  };
  const hush = () => { note.hidden = true; };

  /* ---- drafts: at most one every two seconds, and only of what changed ---- */
  let changed = false;
  let saving = false;
  let lost = false; // the ticket is gone: drafts stay in this tab
  let closed = false; // submitted, or not ours to answer any more
  const ask = (order, facts = {}) => frame.contentWindow.postMessage({ crowdloom: order, ...facts }, "*");
  const send = (method, part, answer, headers = {}) => fetch(`${api}/${part}`, {
    method,
    credentials: "same-origin",
    headers: { "Content-Type": "application/json", Accept: "application/json", ...headers },
    body: JSON.stringify({ answer }),
  });
  const saveDraft = async (answer) => {
    if (closed || saving) return;
    const { answer: before, saved } = kept();
    if (same(before, answer) && saved !== false) return;
    keep({ answer, saved: false });
    if (lost) return;
    saving = true;
    try {
      const reply = await send("PUT", "draft", answer);
      if (reply.ok) keep({ saved: true });
      state.textContent = reply.ok ? words.saved : words.unsaved;
      if (reply.status === 401 || reply.status === 404) {
        lost = true;
        show("bad", words.ticketWord, words.ticket);
      }
    } catch {
      state.textContent = words.unsaved;
    }
    saving = false;
    if (kept().saved === false && !lost) changed = true; // tried again at the next turn
  };
  setInterval(() => {
    if (!changed || saving || closed) return;
    changed = false;
    ask("collect");
  }, DRAFT_MS);

  /* ---- handing in ---- */
  let sending = false;
  let wake = () => {};
  const pause = (duration_ms) => new Promise((done) => {
    wake = done;
    setTimeout(done, duration_ms);
  });
  window.addEventListener("online", () => wake());
  const busy = (is) => {
    sending = is;
    button.disabled = is || closed;
    button.toggleAttribute("aria-busy", is);
    if (is) button.setAttribute("aria-busy", "true");
  };
  const untilAnswered = async (answer, key) => {
    for (let wait_ms = 1000; ; wait_ms = Math.min(wait_ms * 2, RETRY_MS_MAX)) {
      try {
        const reply = await send("POST", "submission", answer, { "Idempotency-Key": key });
        if (reply.status < 500 && reply.status !== 429) return reply;
      } catch { /* no line: the same call is sent again */ }
      show("wait", words.lineWord, words.line);
      await pause(wait_ms);
    }
  };
  const submit = async (answer) => {
    if (sending || closed) return;
    hush();
    busy(true);
    const key = keyOf(answer);
    keep({ saved: false });
    const reply = await untilAnswered(answer, key);
    if (reply.ok) {
      goOn();
      return;
    }
    const problem = await reply.json().catch(() => ({}));
    refuse(reply.status, problem);
    busy(false);
  };
  const goOn = () => {
    closed = true;
    forget();
    state.textContent = words.submitted;
    const next = document.querySelector("[data-next]");
    if (document.querySelector("[data-next-at-once]").checked) next.requestSubmit();
    else window.location.assign("/work/queue");
  };
  const OVER = {
    lease_expired: () => show("wait", words.expiredWord, words.expired, { next: true }),
    already_submitted: () => show("wait", words.twiceWord, words.twice, { next: true }),
    assignment_over: () => show("wait", words.returnedWord, words.returned, { next: true }),
  };
  const refuse = (status, problem) => {
    if (OVER[problem.code]) {
      closed = true;
      OVER[problem.code]();
      return;
    }
    keep({ key: null }); // the refusal is stored under the key: the next try is a new call
    if (status === 401 || status === 404) show("bad", words.ticketWord, words.ticket);
    else show("bad", words.refusedWord, problem.detail || words.refused);
  };

  /* ---- as high as its page: at once where it grows, and only when it has come to rest where it
     shrinks, since what is below a pointer must not slip away between press and release ---- */
  let shrinking = null;
  const fit = (height) => {
    const border = frame.offsetHeight - frame.clientHeight;
    const wanted = Math.min(Math.max(height, HEIGHT_PX[0]), HEIGHT_PX[1]) + border;
    const resize = () => { frame.style.blockSize = `${wanted}px`; };
    clearTimeout(shrinking);
    if (wanted >= frame.offsetHeight) resize();
    else shrinking = setTimeout(resize, SHRINK_MS);
  };

  /* ---- what the frame says ---- */
  const held = { "button-off": "off", "several-buttons": "several", "no-form": "noForm", silent: "silent" };
  const heard = {
    ready: () => {
      button.disabled = sending || closed;
      const { answer, saved } = kept();
      ask("begin", { answer: saved === false && isAnswer(answer) ? answer : null });
    },
    changed: () => { changed = true; },
    collected: ({ answer }) => { if (isAnswer(answer)) saveDraft(answer); },
    submitted: ({ answer }) => { if (isAnswer(answer)) submit(answer); },
    invalid: ({ count, label }) => {
      const sentence = count > 1 ? words.invalidMany : words.invalid;
      const named = sentence.replace("{label}", `\u2068${label}\u2069`);
      show("bad", words.invalidWord, named.replace("{count}", digits.format(count)));
    },
    held: ({ why }) => show("wait", words.heldWord, words[held[why]] ?? words.silent),
    said: ({ text }) => show("wait", words.saidWord, String(text)),
    size: ({ height }) => { if (Number.isFinite(height)) fit(height); },
  };
  window.addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow) return;
    const kind = event.data?.crowdloom;
    if (typeof kind === "string" && Object.hasOwn(heard, kind)) heard[kind](event.data);
  });
  const press = () => {
    if (button.disabled) return;
    hush();
    ask("press");
  };
  button.addEventListener("click", press);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    press();
  });
  ask("hello"); // the frame may have been there first
})();
