/* From one item to the next without leaving the page: what belongs to an item is exchanged, what holds
   for all of them (styles, scripts, the answer that can be undone) stays as it is. Whatever is not as
   expected is left to the browser, which then goes to the item's address. */

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

/* The next item's page as the server has it, with the `facts` that are known of it already; null where
   only the browser can show it. */
export const pageAt = async (address, facts) => {
  try {
    const reply = await fetch(address, { headers: { Accept: "text/html" }, redirect: "error" });
    if (!reply.ok) return null;
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    const isAlike = page.getElementById("task-frame") && setting(page) === setting(document);
    if (isAlike && facts) page.querySelector(".workbar").dataset.facts = JSON.stringify(facts);
    return isAlike ? page : null;
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
