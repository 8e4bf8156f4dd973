/* A claim reaches worker-service as an event, so its page may know nothing yet, or an old deadline.
   The owner of the facts, matching-service, is asked once the page is there. */
(() => {
  "use strict";
  const bar = document.querySelector("[data-facts-url]");
  if (!bar) return;

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
      document.querySelector("[data-over-note]").hidden = false;
      return;
    }
    if (facts.title) fill("title", facts.title);
    if (facts.reward) fill("reward", money(facts.reward));
    const clock = bar.querySelector(".clock");
    clock.dataset.countdown = facts.deadline;
    const next = document.querySelector("[data-next] [name=batch_id]");
    if (next && !next.value) next.value = facts.batch_id;
    /* crowdloom.js looks for new clocks after each swap. */
    document.dispatchEvent(new CustomEvent("htmx:after:swap"));
  };

  fetch(bar.dataset.factsUrl, { headers: { Accept: "application/json" } })
    .then((answer) => (answer.ok ? answer.json() : null))
    .then((facts) => facts && show(facts))
    .catch(() => { /* the page goes on with what it knows */ });
})();
