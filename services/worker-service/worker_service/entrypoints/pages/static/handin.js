/* Ten seconds to take a submission back. Until then the answer waits in this browser (its draft is
   on the server already), and it is handed in when they are over, at once when the page is left or
   hidden, or by the next page of a worker that is opened in this browser. It is called submitted
   only when the server has said so. What is held back is still held in the market, where a worker
   has ten items at most: of a quick one only the newest answers wait, and no more than a browser
   sends at once when its page goes. */
import * as answers from "./answers.js";

const toast = document.querySelector("[data-hand-in]");
const SUBMITTED_MS = 4000;
const HOLD_MS_MAX = 10000;
const HELD_BACK_MAX = 3;
const RENEW_MS = 1800000;

const start = () => {
  const words = toast.dataset;
  const sentence = toast.querySelector("[data-sentence]");
  const undo = toast.querySelector("[data-take-back]");
  const seconds = undo.querySelector("[data-seconds]");
  const onward = toast.querySelector("a");
  const digits = new Intl.NumberFormat(document.documentElement.lang);
  const asked = answers.onTheirWay;
  let held = null;

  const show = (text, { takeBack = false, link = "" } = {}) => {
    if (sentence.textContent !== text) sentence.textContent = text; // said once, not each second
    undo.hidden = !takeBack;
    onward.hidden = !link;
    if (link) onward.href = link;
    toast.hidden = false;
  };
  const named = (text, { title }) => text.replace("{title}", `\u2068${title || words.task}\u2069`);
  const hideSoon = () => setTimeout(() => { if (!held && !asked.size) toast.hidden = true; }, SUBMITTED_MS);

  const handIn = async (entry) => {
    const { assignment, answer, key } = entry;
    if (asked.has(assignment)) return;
    const lost = () => show(named(words.line, entry));
    const reply = await answers.untilAnswered(assignment, answer, key, lost);
    if (reply.ok) {
      answers.forget(assignment);
      document.dispatchEvent(new CustomEvent("crowdloom:handed-in", { detail: assignment }));
      show(named(words.submitted, entry));
      hideSoon();
      return;
    }
    const { name, over } = await answers.refusalOf(reply);
    answers.keep(assignment, { due: null, key: null, saved: false });
    if (over) answers.forget(assignment); // the server has it as a draft
    show(`${named(words.notTaken, entry)} ${words[name]}`, { link: `/work/assignments/${assignment}` });
  };

  /* The newest that may wait, of those that wait. */
  const newest = (waiting) => {
    let weight = 0;
    const fits = ({ answer }) => (weight += answers.weightOf(answer)) <= answers.KEEPALIVE_BYTES_MAX;
    return new Set(waiting.slice(-HELD_BACK_MAX).reverse().filter(fits));
  };
  const turn = () => {
    const waiting = answers.heldBack();
    const mayBeUndone = newest(waiting);
    for (const entry of waiting) {
      // A device's clock that was set back must not hold an answer for an hour.
      const mayWait = entry.due > Date.now() && entry.due <= Date.now() + HOLD_MS_MAX;
      if (!mayBeUndone.has(entry) || !mayWait) handIn(entry);
    }
    const next = waiting.filter((entry) => !asked.has(entry.assignment)).pop() ?? null;
    if (held && !next && !asked.size && !waiting.length && !undo.hidden) toast.hidden = true;
    held = next;
    if (!held) return;
    show(named(words.held, held), { takeBack: true });
    seconds.textContent = digits.format(Math.ceil((held.due - Date.now()) / 1000));
  };
  const takeBack = () => {
    if (!held) return;
    const { assignment } = held;
    answers.keep(assignment, { due: null, saved: false });
    answers.carryOn();
    document.dispatchEvent(new CustomEvent("crowdloom:leaving"));
    const form = toast.querySelector("form");
    form.action = `/match/assignments/${assignment}/open`;
    setTimeout(() => form.requestSubmit(), 250); // what is typed in the page that is left is kept first
  };
  /* The page may be gone before the reply: the entry stays, and the next page asks again. What is on
     its way when the page goes is broken off by the browser: the same call once more, after the others. */
  const handInNow = ({ isGoing }) => {
    if (answers.carries()) return;
    const isOnItsWay = ({ assignment }) => asked.has(assignment);
    const waiting = answers.heldBack();
    for (const { assignment } of waiting) answers.keep(assignment, { due: 1 });
    const left = waiting.filter((entry) => !isOnItsWay(entry));
    if (isGoing) left.push(...waiting.filter(isOnItsWay));
    for (const { assignment, answer, key } of left) {
      answers.handIn(assignment, answer, key, { keepalive: true }).catch(() => {});
    }
  };

  /* Claims go by a pass of two hours that any page here renews: whoever is long at one item would be
     told at Submit to sign in. */
  let renewed = Date.now();
  const renew = () => {
    if (Date.now() - renewed < RENEW_MS) return;
    renewed = Date.now();
    fetch("/work/settings", { method: "HEAD" }).catch(() => {});
  };

  undo.addEventListener("click", takeBack);
  document.addEventListener("crowdloom:undo", takeBack);
  document.addEventListener("crowdloom:onward", turn);
  window.addEventListener("pagehide", () => handInNow({ isGoing: true }));
  document.addEventListener("visibilitychange", () => { if (document.hidden) handInNow({ isGoing: false }); });
  answers.forgetOld();
  setInterval(turn, 1000);
  setInterval(renew, 1000);
  turn();
};
if (toast) start();
