/* The workspace owns Submit. It asks the task's frame for the answer, keeps drafts, hands the answer in
   and goes on. Whoever speaks is known by event.source alone: the frame's origin is opaque, and what
   it says comes from a requester's page, so it is shown as text and never believed further.
   What was written is kept in this browser until the server has it. */
import * as answers from "./answers.js";
import { every, forEachItem, pageAt, showNext } from "./onward.js";

const start = (signal) => {
  const frame = document.getElementById("task-frame");
  const DRAFT_MS = 2000;
  const HOLD_MS = 10000;
  const LEASE_LEFT_MS_MIN = 30000; // with less, an answer is handed in at once
  const HEIGHT_PX = [200, 20000];
  const SHRINK_MS = 1500;
  const { assignment } = frame.dataset;
  const button = document.querySelector("[data-submit]");
  const state = document.querySelector("[data-draft-state]");
  const note = document.querySelector("[data-work-note]");
  const clock = document.querySelector(".workbar .clock");
  const words = note.dataset;
  const digits = new Intl.NumberFormat(document.documentElement.lang);
  const { isAnswer, same } = answers;
  const kept = () => answers.kept(assignment);
  const keep = (facts) => answers.keep(assignment, facts);
  const send = (...call) => answers.send(assignment, ...call);

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
  // Submitted, or not ours to answer any more. Who comes back by the browser's Back may be here before
  // the answer is there.
  let closed = Boolean(kept().due);
  const ask = (order, facts = {}) => frame.contentWindow.postMessage({ crowdloom: order, ...facts }, "*");
  const tellState = (saved) => {
    state.textContent = saved ? words.saved : words.unsaved;
    state.className = `state ${saved ? "good" : "wait"}`;
  };
  /* Said at once, and not sent: a server may break the line on what is far too long. */
  const isTooLong = (answer) => {
    const is = answers.bytesOf(answer) > Number(words.bytesMax);
    if (is) show("bad", words.largeWord, words.large);
    return is;
  };
  const saveDraft = async (answer) => {
    if (closed || saving || sending) return;
    const { answer: before, saved } = kept();
    if (same(before, answer) && saved !== false) {
      tellState(true); // as the server filled it in
      return;
    }
    keep({ answer, saved: false });
    if (lost) return;
    if (isTooLong(answer)) {
      tellState(false);
      return;
    }
    saving = true;
    try {
      const reply = await send("PUT", "draft", { answer });
      if (reply.ok) keep({ saved: true });
      tellState(reply.ok);
      if (reply.status === 401 || reply.status === 404) {
        lost = true;
        show("bad", words.ticketWord, words.ticket);
      }
    } catch {
      tellState(false);
    }
    saving = false;
    if (kept().saved === false && !lost) changed = true; // tried again at the next turn
  };
  document.addEventListener("crowdloom:leaving", () => ask("collect"), { signal });
  const close = (is) => {
    closed = is;
    button.disabled = sending || is;
  };
  const received = () => {
    close(true);
    state.textContent = words.submitted;
    frame.contentWindow.location.replace(frame.src); // the server says what became of it
  };
  document.addEventListener("crowdloom:handed-in", ({ detail }) => { if (detail === assignment) received(); }, { signal });
  /* In two tabs: what was submitted in one is handed in as it was, whatever is written in the other. */
  answers.watchElsewhere(assignment, signal, (before, now) => {
    if (before?.due && !now) received();
    else if (before?.due || now?.due) close(Boolean(now?.due));
  });
  every(DRAFT_MS, () => {
    if (!changed || saving || sending || closed) return;
    changed = false;
    ask("collect");
  }, signal);

  /* ---- Skip takes a single key: who wrote something is asked ---- */
  let blank = null; // what the page would hand in untouched
  let wrote = false;
  const hasWritten = () => wrote || Boolean(kept().answer && !same(kept().answer, blank));
  const skipDialog = document.querySelector("[data-skip-dialog]");
  const skipForm = document.querySelector("[data-skip]");
  document.addEventListener("submit", (event) => {
    if (event.target !== skipForm || skipDialog.returnValue || !hasWritten()) return;
    event.preventDefault();
    event.stopPropagation();
    ask("collect"); // what was typed a moment ago becomes part of the draft
    skipDialog.showModal();
  }, { capture: true, signal });
  skipDialog.addEventListener("close", () => { if (skipDialog.returnValue) skipForm.requestSubmit(); });

  /* ---- handing in ---- */
  let sending = false;
  const busy = (is) => {
    sending = is;
    button.disabled = is || closed;
    button.toggleAttribute("aria-busy", is);
    if (is) button.setAttribute("aria-busy", "true");
  };
  const wantsUndo = (answer) => {
    if (!document.querySelector("[data-undo]").checked) return false;
    const deadline = Date.parse(clock.dataset.countdown);
    const left_ms = deadline - Date.now() - Number(clock.dataset.skewMs ?? 0);
    // A deadline that is not known here yet is far off: it was claimed a moment ago.
    const late = left_ms < LEASE_LEFT_MS_MIN;
    return !late && answers.weightOf(answer) <= answers.KEEPALIVE_BYTES_MAX;
  };
  const title = () => document.querySelector(".workbar .title").textContent.trim();
  /* On the server as a draft, then held back: handin.js counts the seconds down. Returns false
     where it cannot be, and the answer is handed in at once. */
  const holdBack = async (answer) => {
    try {
      const reply = await send("PUT", "draft", { answer });
      if (!reply.ok) return false;
    } catch {
      return false;
    }
    return keep({ saved: true, pressed: Date.now(), due: Date.now() + HOLD_MS, title: title() });
  };
  /* The next item is asked for while the answer is on its way. Where that brings nothing, the form
     asks again, with the same key, and says why. */
  const askAhead = async () => {
    const body = new URLSearchParams(new FormData(document.querySelector("[data-next]")));
    try {
      const reply = await fetch("/match/claim-ahead", { method: "POST", credentials: "same-origin", body });
      if (reply.status !== 200) return { isNone: reply.status === 204 };
      const { location, facts, now } = await reply.json();
      return { location, facts: facts && { ...facts, skew_ms: Date.parse(now) - Date.now() } };
    } catch {
      return {};
    }
  };
  /* Nobody goes on from what is over: the item asked for ahead is for somebody else, but for what was
     taken with this one. */
  const giveBack = (location) => {
    if (!location || location.includes("?")) return;
    const body = new URLSearchParams({ reason: "skipped" });
    const path = location.replace("/work/", "/match/");
    fetch(`${path}/return`, { method: "POST", credentials: "same-origin", body }).catch(() => {});
  };
  const goesOn = () => document.querySelector("[data-next-at-once]").checked;
  /* Its page is asked for as soon as it is known which one it is. */
  const lookAhead = async () => {
    const { location, facts, isNone } = await askAhead();
    return { location, isNone, page: location && pageAt(location, facts) };
  };
  const submit = async (answer) => {
    if (sending || closed || isTooLong(answer)) return;
    hush();
    busy(true);
    const ahead = goesOn() ? lookAhead() : null;
    const key = answers.keyOf(assignment, answer);
    if (wantsUndo(answer) && await holdBack(answer)) {
      goOn(ahead);
      return;
    }
    keep({ saved: false, pressed: null, due: Date.now(), title: title() });
    const lost = () => show("wait", words.lineWord, words.line);
    const reply = await answers.untilAnswered(assignment, answer, key, lost);
    if (reply.ok) {
      answers.forget(assignment);
      goOn(ahead);
      return;
    }
    const refusal = await answers.refusalOf(reply);
    if (refusal.over) ahead?.then(({ location }) => giveBack(location));
    refuse(refusal);
    busy(false);
  };
  const goOn = async (ahead) => {
    closed = true;
    state.textContent = words.submitted;
    const { location, isNone, page } = goesOn() ? await ahead ?? {} : { location: "/work/queue" };
    if (page && await showNext(location, page)) {
      document.dispatchEvent(new CustomEvent("crowdloom:onward"));
      return;
    }
    // Where the market says neither, as to somebody signed out, no page of ours may come: it is handed in.
    if (location || isNone) answers.carryOn();
    if (location) window.location.assign(location);
    else document.querySelector("[data-next]").requestSubmit();
  };
  const refuse = ({ name, over, detail }) => {
    closed = over;
    keep({ due: null });
    if (!over) keep({ key: null }); // the refusal is stored under the key: the next try is a new call
    const sentence = name === "refused" && detail ? detail : words[name];
    show(over ? "wait" : "bad", words[`${name}Word`], sentence, { next: over });
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
      ask("collect", { isBlank: true });
      ask("begin", { answer: saved === false && isAnswer(answer) ? answer : null });
    },
    changed: ({ by }) => {
      changed = true;
      wrote ||= by !== "click";
    },
    collected: ({ answer, isBlank }) => {
      if (!isAnswer(answer)) return;
      if (isBlank) blank ??= answer;
      else saveDraft(answer);
    },
    submitted: ({ answer }) => { if (isAnswer(answer)) submit(answer); },
    invalid: ({ count, label }) => {
      const sentence = count > 1 ? words.invalidMany : words.invalid;
      const named = sentence.replace("{label}", `\u2068${label}\u2069`);
      show("bad", words.invalidWord, named.replace("{count}", digits.format(count)));
    },
    held: ({ why }) => show("wait", words.heldWord, words[held[why]] ?? words.silent),
    said: ({ text }) => show("wait", words.saidWord, String(text)),
    help: () => document.dispatchEvent(new CustomEvent("crowdloom:help")),
    size: ({ height }) => { if (Number.isFinite(height)) fit(height); },
  };
  window.addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow) return;
    const kind = event.data?.crowdloom;
    if (typeof kind === "string" && Object.hasOwn(heard, kind)) heard[kind](event.data);
  }, { signal });
  const press = () => {
    if (button.disabled) return;
    hush();
    ask("press");
  };
  button.addEventListener("click", press);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    if (document.querySelector("dialog[open]")) return; // whoever says why it is returned hands nothing in
    event.preventDefault();
    press();
  }, { signal });
  ask("hello"); // the frame may have been there first
};
if (document.getElementById("task-frame")) forEachItem(start);
