/* crowd-entity-annotation: spans of a text get labels, by pointer or by keyboard. The answer is
   `<name>.entities`, with offsets in UTF-16 units of the text, end excluded, in their order. */
(() => {
  "use strict";
  const { Marked, define, make, words } = window.crowdloomCrowd;
  const WORD = /\S+\s*/gu;

  class EntityAnnotation extends Marked {
    static part = "entities";
    build() {
      this.text = this.getAttribute("text") ?? "";
      this.starts = [...this.text.matchAll(WORD)].map((found) => found.index);
      this.caret = { from: 0, to: 0 }; // words, both included
      this.place = make("div", { className: "crowd-text", tabIndex: 0, dir: "auto" });
      this.place.setAttribute("role", "application");
      this.place.setAttribute("aria-label", `${words.text}. ${words.spanKeys}`);
      this.place.addEventListener("keydown", (event) => this.key(event));
      this.place.addEventListener("focus", () => this.say());
      const buttons = this.labels.map((label, at) => this.button(label, at));
      this.said = make("p", { className: "crowd-said" });
      this.said.setAttribute("role", "status");
      this.list = make("ul", { className: "crowd-marks" });
      const header = make("p", { textContent: this.getAttribute("header") ?? "" });
      const help = make("small", { textContent: words.spanKeys });
      this.append(header, make("p", { className: "crowd-tools" }, ...buttons), this.place, help, this.said, this.list);
    }
    button(label, at) {
      const made = make("button", { type: "button", textContent: `${at + 1} ${label}` });
      made.onpointerdown = (event) => event.preventDefault(); // the selection stays
      made.onclick = (event) => this.press(event, label);
      return made;
    }
    /* A second click on a label, or one too early, marks nothing: only keys go by the place of the keys. */
    press({ detail: isPointer }, label) {
      if (isPointer && !this.selected && !this.sought) this.said.textContent = words.spanKeys;
      else this.mark(label);
    }
    get selected() {
      const selection = document.getSelection();
      const range = selection.rangeCount && !selection.isCollapsed ? selection.getRangeAt(0) : null;
      return range && this.place.contains(range.startContainer) && this.place.contains(range.endContainer) ? range : null;
    }
    /* What is selected with the pointer, else the words that the keys chose. */
    get chosen() {
      const range = this.selected;
      if (range) {
        const before = document.createRange();
        before.setStart(this.place, 0);
        before.setEnd(range.startContainer, range.startOffset);
        const start = before.toString().length;
        return this.trimmed(start, start + range.toString().length);
      }
      const [first, last] = [this.caret.from, this.caret.to].sort((one, other) => one - other);
      return this.trimmed(this.starts[first] ?? 0, this.starts[last + 1] ?? this.text.length);
    }
    trimmed(start, end) {
      const cut = this.text.slice(start, end);
      return { start: start + cut.length - cut.trimStart().length, end: end - (cut.length - cut.trimEnd().length) };
    }
    mark(label) {
      const { start, end } = this.chosen;
      if (start >= end) return;
      // One label a place: what it overlaps gives way.
      this.marks = this.marks.filter((one) => one.endOffset <= start || one.startOffset >= end);
      this.marks.push({ endOffset: end, label, startOffset: start });
      this.marks.sort((one, other) => one.startOffset - other.startOffset);
      document.getSelection().removeAllRanges();
      this.sought = false;
      this.keep();
    }
    key(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      // Keyboards of other scripts have digits of their own, and some a digit only with Shift.
      const [, digit] = /^([1-9])$/.exec(event.key)
        ?? /^(?:Digit|Numpad)([1-9])$/.exec(event.code) ?? [];
      const label = this.labels[digit - 1];
      const forwards = getComputedStyle(this.place).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key] * (forwards === "ArrowRight" ? 1 : -1);
      if (label) this.mark(label);
      else if (step) this.move(step, event.shiftKey);
      else if (["Delete", "Backspace"].includes(event.key)) this.unmark();
      else return;
      event.preventDefault();
    }
    move(step, extends_) {
      document.getSelection().removeAllRanges();
      this.caret.to = Math.max(0, Math.min(this.caret.to + step, this.starts.length - 1));
      if (!extends_) this.caret.from = this.caret.to;
      this.sought = true; // by keys, and not marked yet
      this.show();
      this.say();
    }
    unmark() {
      const { start, end } = this.chosen;
      this.marks = this.marks.filter((one) => one.endOffset <= start || one.startOffset >= end);
      this.keep();
    }
    say() {
      const { start, end } = this.chosen;
      this.said.textContent = `${words.selected}: ${this.text.slice(start, end)}`;
    }
    show() {
      if (!this.place) return;
      const pieces = [];
      const { start, end } = this.chosen;
      const edges = [0, this.text.length, start, end, ...this.marks.flatMap((one) => [one.startOffset, one.endOffset])];
      const cuts = [...new Set(edges)].sort((one, other) => one - other);
      for (let at = 0; at + 1 < cuts.length; at += 1) pieces.push(this.piece(cuts[at], cuts[at + 1], { start, end }));
      this.place.replaceChildren(...pieces);
      this.list.replaceChildren(...this.marks.map((one, place) => this.line(one, place)));
    }
    piece(from, to, chosen) {
      const found = this.marks.find((one) => one.startOffset <= from && one.endOffset >= to);
      const shown = make(found ? "mark" : "span", { textContent: this.text.slice(from, to) });
      if (found) shown.title = found.label;
      shown.classList.toggle("crowd-chosen", from >= chosen.start && to <= chosen.end);
      return shown;
    }
    line(one, place) {
      const remove = make("button", { type: "button", textContent: words.remove, onclick: () => this.remove(place) });
      const said = this.text.slice(one.startOffset, one.endOffset);
      remove.setAttribute("aria-label", `${words.remove}: ${said}`);
      return make("li", {}, make("bdi", { textContent: said }), ` (${one.label}) `, remove);
    }
  }
  define("crowd-entity-annotation", EntityAnnotation);
})();
