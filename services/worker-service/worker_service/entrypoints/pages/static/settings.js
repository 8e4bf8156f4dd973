/* What a workspace remembers on this device, to be looked at and changed outside of one as well. */
import { choices, choose } from "./answers.js";

const section = document.querySelector("[data-workspace-choices]");
for (const box of section.querySelectorAll("[data-choice]")) {
  box.checked = choices()[box.dataset.choice] ?? true;
  box.addEventListener("change", () => choose(box.dataset.choice, box.checked));
}
section.hidden = false;
