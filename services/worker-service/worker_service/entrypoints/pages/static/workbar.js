/* The bar of a workspace: the time that is left, more of it, keys, switches that are remembered.
   A claim reaches worker-service as an event, so its page may know nothing yet, or an old deadline:
   the owner of the facts, matching-service, is asked once the page is there, where it did not say them
   with the claim. */
import { choices, choose, forget, freshKey, kept } from "./answers.js";
import { every, forEachItem } from "./onward.js";

const start = (signal) => {
  const bar = document.querySelector("[data-facts-url]");
  const WARN_MS_MAX = 120000;
  const clock = bar.querySelector(".clock");
  const warning = document.querySelector("[data-time-note]");
  const over = document.querySelector("[data-over-note]");
  const moreTime = document.querySelector("[data-more-time]");
  const told = document.querySelector("[data-time-told]");
  const { lease, assignment } = bar.dataset;
  const GIVES_BACK = "form[action$='/return']";

  /* ---- facts ---- */
  const money = ({ amount_minor: minor, scale, currency }) => {
    const format = new Intl.NumberFormat("en", { style: "currency", currency });
    const digits = scale ?? format.resolvedOptions().maximumFractionDigits;
    return new Intl.NumberFormat("en", { style: "currency", currency, maximumFractionDigits: digits })
      .format(minor / 10 ** digits);
  };
  const fill = (name, text) => {
    for (const slot of document.querySelectorAll(`[data-fact="${name}"]`)) {
      slot.dir = "auto";
      slot.textContent = text;
    }
  };
  const show = (facts) => {
    if (facts.status && facts.status !== "leased") {
      // Of what was submitted the frame says so.
      over.hidden = facts.status === "submitted";
      return;
    }
    if (facts.title) fill("title", facts.title);
    if (facts.reward) fill("reward", money(facts.reward));
    clock.dataset.countdown = facts.deadline;
    for (const slot of document.querySelectorAll("[data-batch] [name=batch_id], [data-next] [name=batch_id]")) {
      slot.value ||= facts.batch_id;
    }
    /* crowdloom.js looks for new clocks after each swap. */
    document.dispatchEvent(new CustomEvent("htmx:after:swap"));
  };
  const refresh = async () => {
    const answer = await fetch(bar.dataset.factsUrl, { headers: { Accept: "application/json" }, signal });
    // A device's clock may be an hour off; the deadline is by the servers' clock.
    const now = Date.parse(answer.headers.get("Date"));
    if (now) clock.dataset.skewMs = now - Date.now();
    if (answer.ok) show(await answer.json());
  };
  if (bar.dataset.facts) {
    const { skew_ms: skew, ...known } = JSON.parse(bar.dataset.facts);
    clock.dataset.skewMs = skew;
    show(known);
  } else refresh().catch(() => { /* the page goes on with what it knows */ });

  /* ---- time: said while there is enough left to ask for more, and once it is over ---- */
  const left_ms = () => Date.parse(clock.dataset.countdown) - Date.now() - Number(clock.dataset.skewMs ?? 0);
  let warnedOf = "";
  const warn = () => {
    const warn_ms = Math.min(WARN_MS_MAX, Math.max(20000, (Number(lease) || 240) * 250));
    const left = left_ms();
    const soon = left > 0 && left <= warn_ms;
    // The servers' clock is told in whole seconds. What is being handed in is told of elsewhere.
    if (left < -1000 && !document.querySelector("[data-submit]").disabled) over.hidden = false;
    if (!soon) {
      if (warnedOf) warning.hidden = true;
      warnedOf = "";
    } else if (warnedOf !== clock.dataset.countdown) {
      warnedOf = clock.dataset.countdown;
      warning.hidden = false;
    }
  };
  every(1000, warn, signal);
  const prolong = async (form) => {
    const before = clock.dataset.countdown;
    const body = new URLSearchParams(new FormData(form));
    told.textContent = "";
    try {
      // The answer is a redirect to this page that brings a new ticket: nothing here is loaded again.
      await fetch(form.action, { method: "POST", body, redirect: "manual" });
      await refresh();
      const more = Date.parse(clock.dataset.countdown) > Date.parse(before);
      told.textContent = more ? told.dataset.more : told.dataset.none;
      form.querySelector("[name=idempotency_key]").value = freshKey();
    } catch {
      told.textContent = told.dataset.line; // the same key again: it is not prolonged twice
    }
    warn();
  };
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-more-time]")) return;
    event.preventDefault();
    event.stopPropagation();
    prolong(event.target);
  }, { capture: true, signal });

  /* ---- giving back: the server has what was written as a draft. What it has not stays, for the call
     may be lost on the same line ---- */
  document.addEventListener("submit", (event) => {
    if (event.target.matches(GIVES_BACK) && kept(assignment).saved !== false) forget(assignment);
  }, { signal });
  document.querySelector("[data-report]").addEventListener("click", (event) => {
    event.preventDefault();
    document.querySelector(`${GIVES_BACK} [value=broken]`).click();
    document.querySelector("[data-return] summary").click();
  });

  /* ---- switches ---- */
  for (const [name, choice] of [["next-at-once", "next"], ["undo", "undo"], ["keys", "keys"]]) {
    const box = document.querySelector(`[data-${name}]`);
    box.checked = choices()[choice] ?? true;
    box.addEventListener("change", () => choose(choice, box.checked));
  }
  const drawer = document.querySelector(".desk > aside");
  const drawerButton = document.querySelector("[data-drawer]");
  const openDrawer = (is) => {
    drawer.hidden = !is;
    document.querySelector(".desk").classList.toggle("wide", !is);
    drawerButton.setAttribute("aria-expanded", String(is));
  };
  const narrow = window.matchMedia("(max-width: 900px)");
  openDrawer(narrow.matches ? false : choices().drawer ?? true);
  drawerButton.hidden = false;
  drawerButton.addEventListener("click", () => {
    const is = drawer.hidden;
    openDrawer(is);
    if (!narrow.matches) choose("drawer", is);
    if (is) drawer.scrollIntoView({ block: "nearest" });
  });

  /* ---- keys of one character; each can be done by a button as well ---- */
  const keysDialog = document.querySelector("[data-keys-dialog]");
  const help = () => { if (!keysDialog.open) keysDialog.showModal(); };
  const press = (selector) => () => document.querySelector(selector)?.click();
  const KEYS = {
    "?": help,
    i: () => drawerButton.click(),
    t: () => moreTime.requestSubmit(),
    r: press("[data-return] summary"),
    s: press("[data-skip] button"),
    u: () => document.dispatchEvent(new CustomEvent("crowdloom:undo")),
  };
  const keysOn = () => document.querySelector("[data-keys]").checked;
  document.addEventListener("crowdloom:help", () => { if (keysOn()) help(); }, { signal });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !keysOn()) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
    const key = window.crowdloom.keyOf(event);
    if (!Object.hasOwn(KEYS, key)) return;
    event.preventDefault();
    KEYS[key]();
  }, { signal });
  for (const button of document.querySelectorAll("[data-show-keys]")) {
    button.hidden = false;
    button.addEventListener("click", help);
  }
};
if (document.querySelector("[data-facts-url]")) forEachItem(start);
