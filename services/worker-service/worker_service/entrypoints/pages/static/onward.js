/* From one item to the next without leaving the page: what belongs to an item is exchanged, what holds
   for all of them (styles, scripts, the answer that can be undone) stays as it is. Whatever is not as
   expected is left to the browser, which then goes to the item's address. */
import { freshKey } from "./answers.js";

let life = new AbortController();
const beginnings = [];

/* `begin` is called for each item shown in this page, with a signal that tells when it is gone. */
export const forEachItem = (begin) => {
  beginnings.push(begin);
  begin(life.signal);
};
export const every = (duration_ms, turn, signal) => {
  const ticking = setInterval(turn, duration_ms);
  signal.addEventListener("abort", () => clearInterval(ticking));
};

/* What is around the items: with another version, language or theme the page is loaded anew. */
const setting = ({ documentElement: root, head }) => [
  root.lang, root.dir, root.dataset.theme,
  ...[...head.querySelectorAll("script[src], link[rel=stylesheet]")].map(
    (part) => part.getAttribute("src") ?? part.getAttribute("href")),
].join(" ");

const parsed = (html) => new DOMParser().parseFromString(html, "text/html");
const nameIn = (address) => new URL(address, window.location.href).pathname.split("/").pop();

/* What the server's page says of one item of a batch holds for the next one too, but for its name, its
   keys and what is told once (data-once); the time comes with the facts. While it is fresh, no page is
   asked for: it took as long as the task itself. Of several taken together each has a page of its own. */
const SAMPLE_MS_MAX = 600000;
let sample = null;
const isOneOfSeveral = (address) => address.includes("?");
const keepSample = (address, page, html, { batch_id: batch }) => {
  const knowsBatch = page.querySelector(".workbar").dataset.lease;
  if (!knowsBatch || isOneOfSeveral(address)) return;
  sample = { batch, html, assignment: nameIn(address), kept: performance.now() };
};
const fromSample = async (address, { batch_id: batch }) => {
  const isGood = sample?.batch === batch && performance.now() - sample.kept < SAMPLE_MS_MAX;
  if (!isGood || isOneOfSeveral(address)) return null;
  await new Promise((done) => setTimeout(done)); // the task's frame is sent for first
  const page = parsed(sample.html.replaceAll(sample.assignment, nameIn(address)));
  for (const part of page.querySelectorAll("[data-once]")) part.remove();
  for (const key of page.querySelectorAll("[name=idempotency_key]")) key.value = freshKey();
  return page;
};
/* A claim is heard of here a moment later: the batch is named, so that its page is whole at once. */
const fromServer = async (address, facts) => {
  const asked = new URL(address, window.location.href);
  if (facts) asked.searchParams.set("batch", facts.batch_id);
  const reply = await fetch(asked, { headers: { Accept: "text/html" }, redirect: "error" });
  if (!reply.ok) return null;
  const html = await reply.text();
  const page = parsed(html);
  const isAlike = page.getElementById("task-frame") && setting(page) === setting(document);
  if (isAlike && facts) keepSample(address, page, html, facts);
  return isAlike ? page : null;
};
/* The next item's page, with the `facts` that are known of it already; null where only the browser can
   show it. */
export const pageAt = async (address, facts) => {
  try {
    const page = (facts && await fromSample(address, facts)) ?? await fromServer(address, facts);
    if (page && facts) page.querySelector(".workbar").dataset.facts = JSON.stringify(facts);
    return page;
  } catch {
    return null;
  }
};

/* The task is what takes longest, so it is on its way before the page around it is here. The frame
   before it stays, unseen, until it speaks or is there: a browser then goes on with the process of
   the one for the other, where it had to start a new one for it. */
let leaving = null;
const framed = (address) => {
  leaving?.remove();
  const before = document.getElementById("task-frame");
  const frame = before.cloneNode(false);
  const { pathname } = new URL(address, window.location.href);
  frame.removeAttribute("style");
  frame.dataset.assignment = pathname.split("/").pop();
  frame.src = pathname.replace("/work/", "/frame/");
  leaving = before;
  before.removeAttribute("id");
  before.hidden = true;
  before.after(frame);
  const isThere = new AbortController();
  const replace = () => {
    before.remove();
    isThere.abort();
  };
  window.addEventListener("message", ({ source }) => {
    if (source === frame.contentWindow) replace();
  }, { signal: isThere.signal });
  frame.addEventListener("load", replace, { signal: isThere.signal });
  return frame;
};
/* What is beside `kept` makes way for what is beside its counterpart in the coming page. The frame
   keeps its place: moved, it would load once more. */
const exchangeAround = (kept, counterpart) => {
  const coming = [...counterpart.parentNode.childNodes];
  const place = coming.indexOf(counterpart);
  for (const node of [...kept.parentNode.childNodes]) if (node !== kept && node !== leaving) node.remove();
  kept.before(...coming.slice(0, place));
  kept.after(...coming.slice(place + 1));
};
const arrange = (page, frame) => {
  const counterpart = page.getElementById("task-frame");
  if (counterpart.getAttribute("src") !== frame.getAttribute("src")) throw new Error("another item");
  // Earnings change by what others decide, and are looked at each minute: no item asks for them anew.
  const purse = document.querySelector(".purse");
  if (purse) page.querySelector(".purse")?.replaceWith(purse);
  exchangeAround(frame.parentNode, counterpart.parentNode);
  exchangeAround(frame, counterpart);
  document.querySelector(".workbar").replaceWith(page.querySelector(".workbar"));
  document.title = page.title;
};

let shown = window.location.pathname;
/* Back and forward: an item that was left may be over by now, which the server knows. */
window.addEventListener("popstate", () => {
  if (window.location.pathname !== shown) window.location.reload();
});
/* As after a page load: at the top, the next Tab in the bar. The title is read out. */
const arrive = (frame) => {
  const title = document.querySelector(".workbar .title");
  title.tabIndex = -1;
  if (document.activeElement !== frame) title.focus({ preventScroll: true });
  window.scrollTo(0, 0);
};

const exchangeItem = async (address, coming) => {
  life.abort();
  // First, so that the new frame is part of the new entry of the history and of no earlier one.
  window.history.pushState(null, "", address);
  shown = window.location.pathname;
  const frame = framed(address);
  const page = await coming;
  if (!page) return false;
  arrange(page, frame);
  life = new AbortController();
  for (const begin of beginnings) begin(life.signal);
  window.htmx?.process(document.getElementById("main"));
  document.dispatchEvent(new CustomEvent("htmx:after:swap")); // crowdloom.js looks for new clocks
  arrive(frame);
  return true;
};
/* Returns false where the browser has to go to the address itself; `coming` is what pageAt gives. */
export const showNext = async (address, coming) => {
  if (document.querySelector("dialog[open]")) return false;
  try {
    return await exchangeItem(address, coming);
  } catch {
    return false;
  }
};
