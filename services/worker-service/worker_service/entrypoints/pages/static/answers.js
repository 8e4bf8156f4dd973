/* What this browser keeps of answers until the server has them, one entry an assignment:
   {answer, saved, key, at, due, pressed, title}. `saved` false: the server's draft is older.
   `due`: submitted by the worker, and held back until that moment so that it can be undone; in the
   past where it is on its way, so that the next page hands it in if this one is closed before. */
const PREFIX = "cl_answer_";
const KEPT_MS_MAX = 7 * 24 * 3600 * 1000;
const RETRY_MS_MAX = 30000;
/* A browser sends no more than 64 KiB once its page is gone, of all answers together. */
export const KEEPALIVE_BYTES_MAX = 60000;

export const kept = (assignment) => {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + assignment)) ?? {};
  } catch {
    return {};
  }
};
export const keep = (assignment, facts) => {
  try {
    const entry = { ...kept(assignment), ...facts, at: Date.now() };
    localStorage.setItem(PREFIX + assignment, JSON.stringify(entry));
    return true;
  } catch {
    return false; // storage is full or off: the drafts on the server remain
  }
};
export const forget = (assignment) => localStorage.removeItem(PREFIX + assignment);
/* What another tab did with an entry: `work` is called with the entry before and now, null for none. */
export const watchElsewhere = (assignment, signal, work) => {
  window.addEventListener("storage", ({ key, oldValue, newValue }) => {
    if (key === PREFIX + assignment) work(JSON.parse(oldValue), JSON.parse(newValue));
  }, { signal });
};

const all = () => Object.keys(localStorage)
  .filter((name) => name.startsWith(PREFIX))
  .map((name) => name.slice(PREFIX.length));
/* Held back and not handed in yet, the earliest first. */
export const heldBack = () => all()
  .map((assignment) => ({ assignment, ...kept(assignment) }))
  .filter((entry) => entry.due && entry.answer)
  .sort((one, other) => one.due - other.due);
export const forgetOld = () => {
  for (const assignment of all()) {
    if (!(Date.now() - kept(assignment).at < KEPT_MS_MAX)) forget(assignment);
  }
};

export const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
export const isAnswer = (answer) => Array.isArray(answer) && answer.every((pair) => Array.isArray(pair)
  && pair.length === 2 && pair.every((part) => typeof part === "string"));
const encoder = new TextEncoder();
/* As the server counts it. */
export const bytesOf = (answer) => answer.flat().reduce((sum, part) => sum + encoder.encode(part).length, 0);
/* As it is sent. */
export const weightOf = (answer) => encoder.encode(JSON.stringify(answer)).length;
export const freshKey = () => Array.from(
  crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
/* One key an answer: a repeated call takes effect once, a changed answer is a new call. */
export const keyOf = (assignment, answer) => {
  const { answer: earlier, key } = kept(assignment);
  const chosen = key && same(earlier, answer) ? key : freshKey();
  keep(assignment, { answer, key: chosen });
  return chosen;
};

export const send = (assignment, method, part, body, options = {}) => fetch(
  `/api/tasks/v1/assignments/${assignment}/${part}`,
  {
    method,
    credentials: "same-origin",
    keepalive: options.keepalive ?? false,
    headers: { "Content-Type": "application/json", Accept: "application/json", ...options.headers },
    body: JSON.stringify(body),
  },
);
/* Time to undo is no time at work: the server is told how long the answer was held back. */
const HELD_MS_MAX = 10000;
const heldMs = (assignment) => {
  const { pressed } = kept(assignment);
  return pressed ? Math.min(Math.max(0, Math.round(Date.now() - pressed)), HELD_MS_MAX) : 0;
};
/* By this page, whatever came of it. */
export const handedIn = new Set();
export const handIn = (assignment, answer, key, options = {}) => {
  handedIn.add(assignment);
  const body = { answer, held_ms: heldMs(assignment) };
  return send(assignment, "POST", "submission", body, { ...options, headers: { "Idempotency-Key": key } });
};

let wake = () => {};
window.addEventListener("online", () => wake());
const pause = (duration_ms) => new Promise((done) => {
  wake = done;
  setTimeout(done, duration_ms);
});
/* Being handed in by this page. */
export const onTheirWay = new Set();
/* The same call again and again until a server has answered it; `onLost` is told of each failure. */
export const untilAnswered = async (assignment, answer, key, onLost) => {
  onTheirWay.add(assignment);
  try {
    return await askUntilAnswered(assignment, answer, key, onLost);
  } finally {
    onTheirWay.delete(assignment);
  }
};
const askUntilAnswered = async (assignment, answer, key, onLost) => {
  for (let wait_ms = 1000; ; wait_ms = Math.min(wait_ms * 2, RETRY_MS_MAX)) {
    try {
      const reply = await handIn(assignment, answer, key);
      if (reply.status < 500 && reply.status !== 429) return reply;
    } catch { /* no line: the same call is sent again */ }
    onLost();
    await pause(wait_ms);
  }
};

/* Why an answer was not taken, as the name of a pair of words: word in `<name>Word`. */
const REFUSALS = { lease_expired: "expired", already_submitted: "twice", assignment_over: "returned", answer_too_large: "large" };
export const refusalOf = async (reply) => {
  const { code, detail } = await reply.json().catch(() => ({}));
  const known = REFUSALS[code] ?? { 401: "ticket", 404: "ticket", 413: "large" }[reply.status];
  return { name: known ?? "refused", over: reply.status === 409 && code in REFUSALS, detail };
};

/* What the worker chose for every workspace of this device. */
const CHOICES = "cl_workspace";
export const choices = () => {
  try {
    return JSON.parse(localStorage.getItem(CHOICES)) ?? {};
  } catch {
    return {};
  }
};
export const choose = (name, value) => {
  try {
    localStorage.setItem(CHOICES, JSON.stringify({ ...choices(), [name]: value }));
  } catch { /* it holds for this page */ }
};

/* A held answer goes along to the page that its own workspace leads to; whoever leaves in another
   way hands it in at once. */
let carrying = false;
export const carryOn = () => { carrying = true; };
export const carries = () => carrying;
