/* What the queue does better with script: it asks matching-service why a project would give one
   nothing, and makes a sound for a new alert where that is wanted. Nothing here is needed to work. */
import { handedIn, heldBack } from "./answers.js";

const ASK_AGAIN_MS = 30000;
const words = new Map();
for (const word of document.querySelectorAll("[data-why-words] [data-code]")) {
  words.set(word.dataset.code, word.textContent);
}
/* Of a code, or of reasons {code, about}; what a qualification is called helps, a list of tags does not. */
const sentenceOf = (reasons) => [reasons].flat().map((reason) => {
  const { code, about } = typeof reason === "string" ? { code: reason } : reason;
  const named = about && code.startsWith("qualification") ? ` (\u2068${about}\u2069)` : "";
  return `${words.get(code) ?? words.get("")}${named}`;
}).join(" ");

/* ---- why one would be given nothing: known for those that are asked about one by one ---- */
const askWhy = async (place) => {
  const slot = place.querySelector("[data-why]");
  const answer = await fetch(`/api/matching/v1/queue/${place.dataset.batch}/why`, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const { why_not: whyNot } = await answer.json();
  slot.textContent = whyNot?.length ? sentenceOf(whyNot) : slot.dataset.free;
};
/* Of many the first: matching-service looks for an item each time. What the rest lacks comes in one call. */
const ASKED_MAX = 20;
const places = [...document.querySelectorAll("[data-ask]")];
const askAll = async () => {
  for (const place of places.slice(0, ASKED_MAX)) await askWhy(place).catch(() => {});
  if (places.length > ASKED_MAX) await learn().catch(() => {});
  for (const place of places.slice(ASKED_MAX)) {
    const reasons = whyNot.get(place.dataset.batch);
    if (reasons?.length) place.querySelector("[data-why]").textContent = sentenceOf(reasons);
  }
};

/* ---- on the cards, for all of them in one call ---- */
const offers = document.getElementById("offers");
let whyNot = new Map();
const mark = () => {
  for (const card of document.querySelectorAll("article[data-batch]")) {
    const reason = whyNot.get(card.dataset.batch);
    let line = card.querySelector("[data-why]");
    if (line?.dataset.why === "known") continue; // said with the card, and nothing can be begun
    card.querySelector("[data-start]").hidden = Boolean(reason?.length);
    if (!reason?.length) {
      line?.remove();
      continue;
    }
    if (!line) {
      line = document.createElement("p");
      line.className = "small why-not";
      line.dataset.why = "";
      card.querySelector(".actions").before(line);
    }
    line.textContent = sentenceOf(reason);
  }
};
const PAGES_MAX = 5; // as many projects as the queue shows
const learn = async () => {
  const found = new Map();
  let cursor = "";
  for (let page = 0; page < PAGES_MAX && cursor !== null; page += 1) {
    const address = `/api/matching/v1/queue?limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`;
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const { items, next_cursor: following } = await answer.json();
    for (const item of items) found.set(item.batch_id, item.reasons ?? item.why_not);
    cursor = following;
  }
  whyNot = found;
  mark();
};

if (places.length) askAll();

/* ---- what one holds, but for what is being handed in, or was: the market hears of it later ---- */
const showHeld = () => {
  const note = document.querySelector(".note[data-held]");
  if (!note) return;
  const done = new Set([...handedIn, ...heldBack().map(({ assignment }) => assignment)]);
  const still = note.dataset.held.split(" ").filter((name) => !done.has(name));
  const [first] = still;
  note.hidden = !first;
  if (!first) return;
  note.querySelector("form").action = `/match/assignments/${first}/open`;
  for (const told of note.querySelectorAll("[data-count]")) told.hidden = Number(told.dataset.count) !== still.length;
  for (const told of note.querySelectorAll("[data-ends]")) told.hidden = told.dataset.ends !== first;
  for (const link of note.querySelectorAll("[data-all]")) link.hidden = still.length < 2;
};

/* ---- sound ---- */
const minutes = (text) => text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
const isQuiet = ({ quietSince: since, quietUntil: until }) => {
  if (!since || !until) return false;
  const now = new Date().getHours() * 60 + new Date().getMinutes();
  const [from, to] = [minutes(since), minutes(until)];
  return from <= to ? now >= from && now < to : now >= from || now < to;
};
const beep = () => {
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  volume.gain.value = 0.08;
  tone.frequency.value = 660;
  tone.connect(volume).connect(audio.destination);
  tone.start();
  tone.stop(audio.currentTime + 0.25);
  tone.onended = () => audio.close();
};
const alertCount = () => Number(document.querySelector("[data-alert-count]")?.dataset.alertCount ?? 0);
const digits = new Intl.NumberFormat(document.documentElement.lang);
const { title } = document;
const wantsSound = () => "sound" in offers.dataset;
let heard = alertCount();
const listen = () => {
  const count = alertCount();
  document.title = count ? `(${digits.format(count)}) ${title}` : title; // read in a tab that is not in front
  if (count > heard && wantsSound() && !isQuiet(offers.dataset)) beep();
  heard = count;
};

/* ---- live: counts come by a stream while the page is looked at; what it does not tell (another
   project, another pay) is looked up again, often where there is no stream and seldom where there is ---- */
const LOOK_MS = 5000;
const LOOK_LIVE_MS = 60000;
const STREAM_AGAIN_MS = 60000;
/* Whoever wants to hear of something new is most likely looking at another tab. */
const look = () => { if (!document.hidden || wantsSound()) offers.dispatchEvent(new CustomEvent("look")); };
let left = null;
let stream = null;
let lookedAt = Date.now();
const isLive = () => stream?.readyState === EventSource.OPEN;
const fill = () => {
  for (const card of document.querySelectorAll("article[data-batch]")) {
    const place = card.querySelector("[data-left] b");
    const count = left?.[card.dataset.batch];
    if (place && Number.isInteger(count)) place.textContent = digits.format(count);
  }
};
const lookSoon = () => setTimeout(look, Math.random() * 1000); // not all browsers at once
/* All at first, then what changed. A project that has no card, or is gone, is looked up. */
const hear = ({ data }) => {
  const news = JSON.parse(data);
  const isNew = (id) => (left ? !(id in left) : !document.getElementById(`offer-${id}`));
  const others = Object.keys(news).some((id) => news[id] === null || isNew(id));
  left = Object.fromEntries(Object.entries({ ...left, ...news }).filter(([, count]) => count !== null));
  fill();
  if (others) lookSoon();
};
const follow = () => {
  if (document.hidden) {
    stream?.close(); // a browser has few connections to one place, and another tab may need them
    stream = null;
  } else if (globalThis.EventSource && (!stream || stream.readyState === EventSource.CLOSED)) {
    left = null;
    stream = new EventSource(offers.dataset.live);
    stream.addEventListener("message", hear);
  }
};

if (offers) {
  document.addEventListener("htmx:after:swap", () => { mark(); listen(); fill(); showHeld(); });
  document.addEventListener("visibilitychange", () => { follow(); look(); });
  setInterval(() => {
    if (Date.now() - lookedAt < (isLive() || document.hidden ? LOOK_LIVE_MS : LOOK_MS)) return;
    lookedAt = Date.now();
    look();
  }, LOOK_MS);
  setInterval(follow, STREAM_AGAIN_MS);
  follow();
  const again = () => { if (!document.hidden) learn().catch(() => {}); };
  setInterval(again, ASK_AGAIN_MS);
  again();
}
