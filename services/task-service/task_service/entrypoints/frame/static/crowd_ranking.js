/* crowd-ranking: its children are put in order with buttons. Each has a hidden field, which gets its place,
   from 1: `<input type="hidden" name="place_1">`. */
(() => {
  "use strict";
  const { define, make, words } = window.crowdloomCrowd;

  class Ranking extends HTMLElement {
    connectedCallback() {
      if (this.said) return;
      this.said = make("p", { className: "crowd-said" });
      this.said.setAttribute("role", "status");
      if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => this.build(), { once: true });
      else this.build();
    }
    build() {
      for (const item of [...this.children]) this.prepare(item);
      this.setAttribute("role", "list");
      this.after(this.said);
      this.show();
    }
    prepare(item) {
      const field = item.querySelector("input[type=hidden]");
      if (!field) return;
      item.classList.add("crowd-rank");
      item.setAttribute("role", "listitem");
      field.dataset.draft = "";
      field.addEventListener("change", () => this.putBack());
      const name = item.textContent.trim().slice(0, 80);
      const button = (word, step) => {
        const made = make("button", { type: "button", textContent: word, onclick: () => this.move(item, step) });
        made.setAttribute("aria-label", `${word}: ${name}`);
        made.dataset.step = step;
        return made;
      };
      item.prepend(make("output", { className: "crowd-place" }));
      item.append(button(words.up, -1), button(words.down, 1));
    }
    get items() { return [...this.querySelectorAll(":scope > .crowd-rank")]; }
    fieldOf(item) { return item.querySelector("input[type=hidden]"); }
    move(item, step) {
      const other = step < 0 ? item.previousElementSibling : item.nextElementSibling;
      if (!other) return;
      if (step < 0) other.before(item);
      else other.after(item);
      this.show();
      this.fieldOf(item).dispatchEvent(new Event("input", { bubbles: true }));
      const same = item.querySelector(`button[data-step="${step}"]`);
      (same.disabled ? item.querySelector("button:not(:disabled)") : same)?.focus();
      this.said.textContent = `${item.querySelector("[dir], span")?.textContent ?? ""} – ${words.place} ${this.items.indexOf(item) + 1}`;
    }
    /* A draft puts the places back one by one: the order counts once they are all different. */
    putBack() {
      const places = this.items.map((item) => Number(this.fieldOf(item).value));
      if (new Set(places).size < places.length) return;
      this.append(...this.items.sort((one, other) => this.fieldOf(one).value - this.fieldOf(other).value));
      this.show();
    }
    show() {
      const { items } = this;
      items.forEach((item, at) => {
        this.fieldOf(item).value = String(at + 1);
        item.querySelector(".crowd-place").textContent = String(at + 1);
        item.querySelector("[data-step='-1']").disabled = at === 0;
        item.querySelector("[data-step='1']").disabled = at === items.length - 1;
      });
    }
  }
  define("crowd-ranking", Ranking);
})();
