/* Keys for review: arrows move between answers, A accepts, R opens the reason, W what to do
   again, B a bonus, U undoes, space ticks. They work only while an answer has the focus, so that
   no key does anything by surprise elsewhere. */
(() => {
  "use strict";
  const answers = [...document.querySelectorAll("article.answer")];
  if (!answers.length) return;
  document.querySelectorAll("[data-keys]").forEach((hint) => { hint.hidden = false; });

  const go = (answer) => {
    if (!answer) return;
    answer.focus({ preventScroll: true });
    answer.scrollIntoView({ block: "nearest" });
  };
  const open = (details) => {
    if (!details) return;  // not for this reader's role in the team
    details.open = true;
    details.querySelector("textarea, input:not([type='hidden'])").focus();
  };
  const steps = {
    ArrowDown: (answer) => go(answers[answers.indexOf(answer) + 1]),
    ArrowUp: (answer) => go(answers[answers.indexOf(answer) - 1]),
    a: (answer) => answer.querySelector("[data-accept]")?.click(),
    r: (answer) => open(answer.querySelector("details.reject:not(.rework)")),
    b: (answer) => open(answer.querySelector("details.bonus")),
    w: (answer) => open(answer.querySelector("details.rework")),
    u: () => document.querySelector("[data-undo]")?.click(),
    " ": (answer) => answer.querySelector("[name='ticked']")?.click(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const answer = event.target.closest?.("article.answer");
    if (!answer) return;
    if (event.key === "Escape" && answer !== event.target) {
      answer.querySelectorAll("details.reject").forEach((one) => { one.open = false; });
      go(answer);
      return;
    }
    /* Within a field or on a button, keys are that field's own. */
    if (answer !== event.target) return;
    const step = steps[window.crowdloom.keyOf(event)];
    if (!step) return;
    event.preventDefault();
    step(answer);
  });

  /* Begin with what is to be mended, else where the address says, else at the first answer. */
  const wrong = document.querySelector("article.answer [aria-invalid='true']");
  if (wrong) {
    wrong.focus();
    return;
  }
  const named = document.getElementById(location.hash.slice(1));
  const first = answers.includes(named) ? named : answers[0];
  first.focus({ preventScroll: first !== named });
})();
