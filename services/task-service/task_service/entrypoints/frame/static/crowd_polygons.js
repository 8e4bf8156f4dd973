/* crowd-polygon: outlines are set on an image point by point, by clicks or with a cross that the arrow keys
   move; points of one that is closed are dragged, clicked elsewhere, or moved by arrow keys. The answer is
   `<name>.polygons`, a list of {label, vertices: [{x, y}]} in pixels of the image itself, and
   `<name>.inputImageProperties`. */
(() => {
  "use strict";
  const { MarkedImage, STEPS, define, make, share, within, words } = window.crowdloomCrowd;
  const FEWEST = 3;
  const NEAR_PX = 12;
  const SVG = "http://www.w3.org/2000/svg";
  const drawn = (tag, facts) => {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(facts)) element.setAttribute(name, value);
    return element;
  };

  class Polygon extends MarkedImage {
    static part = "polygons";
    static keys = "polygonKeys";
    build() {
      this.begun = []; // points of the outline that is not closed yet
      this.changed = null; // which of those that are closed shows its points
      this.picked = null; // which of its points goes to the next click
      super.build();
      this.beginning = this.hiddenField("begun", "[]");
      Object.assign(this.beginning.dataset, { draft: "", draftOnly: "" });
      this.beginning.addEventListener("change", () => { // a draft was put back
        this.begun = JSON.parse(this.beginning.value || "[]");
        this.show();
      });
      this.cross = { x: 0, y: 0 };
      this.paper = drawn("svg", { class: "crowd-paper", "aria-hidden": "true" });
      this.hair = make("div", { className: "crowd-cross" });
      this.said = make("p", { className: "crowd-said" });
      this.said.setAttribute("role", "status");
      this.stage.tabIndex = 0;
      this.stage.setAttribute("role", "application");
      this.stage.setAttribute("aria-label", `${words.image}. ${words.polygonKeys}`);
      this.stage.append(this.paper, this.hair);
      this.stage.addEventListener("click", (event) => this.click(event));
      this.stage.addEventListener("keydown", (event) => this.key(event));
      this.shut = this.button(words.closeOutline, () => this.close());
      this.back = this.button(words.takeBack, () => this.takeBack());
      this.tools.append(this.shut, this.back);
      this.stage.after(this.said);
      this.image.addEventListener("load", () => {
        this.cross = { x: within(this.across / 2, this.across), y: within(this.down / 2, this.down) };
        this.show();
      });
      this.closest("form")?.addEventListener("submit", () => { if (this.begun.length >= FEWEST) this.close(); }, true);
    }
    at(x, y) { return { x: within(x, this.across), y: within(y, this.down) }; }
    click(event) {
      if (event.target.closest("button")) return;
      const point = this.at(...this.placeOf(event));
      if (this.picked !== null) {
        this.marks[this.changed].vertices[this.picked] = point;
        this.picked = null;
        this.keep();
      } else if (this.changed === null) {
        const [first] = this.begun;
        const near = first && Math.hypot(first.x - point.x, first.y - point.y) < NEAR_PX * this.scale;
        if (near && this.begun.length >= FEWEST) this.close();
        else this.set(point);
      }
    }
    set(point) {
      this.begun.push(point);
      this.keepBegun();
      this.say(`${words.point} ${this.begun.length}: ${point.x}, ${point.y}`);
    }
    takeBack() {
      this.begun.pop();
      this.keepBegun();
    }
    /* Of no answer a part, but a reload would lose it. */
    keepBegun() {
      this.beginning.value = JSON.stringify(this.begun);
      this.beginning.dispatchEvent(new Event("input", { bubbles: true }));
      this.show();
    }
    close() {
      if (this.begun.length < FEWEST) { this.say(words.threePoints); return; }
      this.marks.push({ label: this.label.value, vertices: this.begun });
      this.begun = [];
      this.say("");
      this.keepBegun();
      this.keep();
    }
    say(text) { this.said.textContent = text; }
    key(event) {
      if (event.target !== this.stage || event.ctrlKey || event.metaKey || event.altKey) return;
      const step = STEPS[event.key];
      const acts = { " ": () => this.set({ ...this.cross }), Enter: () => this.close(), Backspace: () => this.takeBack() };
      if (!step && (!acts[event.key] || this.changed !== null)) return;
      event.preventDefault();
      if (!step) { acts[event.key](); return; }
      const far = event.shiftKey ? 1 : Math.max(1, Math.round(this.across / 50));
      this.cross = this.at(this.cross.x + step[0] * far, this.cross.y + step[1] * far);
      this.lay(this.hair, this.cross);
      this.say(`${this.cross.x}, ${this.cross.y}`);
    }
    lay(element, point) {
      Object.assign(element.style, { left: share(point.x, this.across), top: share(point.y, this.down) });
    }
    show() {
      if (!this.paper || !this.across) return;
      this.paper.setAttribute("viewBox", `0 0 ${this.across} ${this.down}`);
      const path = (points) => points.map((one) => `${one.x},${one.y}`).join(" ");
      this.paper.replaceChildren(
        ...this.marks.map((one) => drawn("polygon", { points: path(one.vertices) })),
        drawn("polyline", { points: path(this.begun) }),
      );
      for (const old of this.stage.querySelectorAll(".crowd-vertex")) old.remove();
      if (!this.marks[this.changed]) this.changed = null;
      const shown = this.changed === null ? this.begun : this.marks[this.changed].vertices;
      this.stage.append(...shown.map((point, place) => this.vertex(point, place)));
      this.lay(this.hair, this.cross);
      this.shut.disabled = this.begun.length < FEWEST;
      this.back.disabled = !this.begun.length;
      this.list.replaceChildren(...this.marks.map((one, place) => this.line(one, place)));
    }
    /* Points of an outline that is being set only show where they are: a click on the first closes it. */
    vertex(point, place) {
      if (this.changed === null) {
        const dot = make("div", { className: "crowd-vertex" });
        this.lay(dot, point);
        return dot;
      }
      const shown = make("button", { type: "button", className: "crowd-vertex" });
      shown.setAttribute("aria-label", `${words.point} ${place + 1}: ${point.x}, ${point.y}`);
      shown.setAttribute("aria-pressed", String(place === this.picked));
      shown.onclick = () => { this.picked = place === this.picked ? null : place; this.show(); this.focusOn(place); };
      shown.onkeydown = (event) => this.keyOn(event, place);
      shown.onpointerdown = (event) => this.drag(event, shown, place);
      this.lay(shown, point);
      return shown;
    }
    focusOn(place) { this.stage.querySelectorAll("button.crowd-vertex")[place]?.focus(); }
    keyOn(event, place) {
      const { vertices } = this.marks[this.changed];
      const step = STEPS[event.key];
      const removes = ["Delete", "Backspace"].includes(event.key);
      if (!step && !removes) return;
      event.preventDefault();
      event.stopPropagation();
      if (step) {
        const far = event.shiftKey ? 1 : Math.max(1, Math.round(this.across / 100));
        vertices[place] = this.at(vertices[place].x + step[0] * far, vertices[place].y + step[1] * far);
      } else if (vertices.length > FEWEST) vertices.splice(place, 1);
      else { this.say(words.threePoints); return; }
      this.keep();
      this.focusOn(Math.min(place, vertices.length - 1));
    }
    drag(event, shown, place) {
      const from = this.placeOf(event);
      let moved = false;
      const move = (at) => {
        const to = this.placeOf(at);
        moved ||= Math.hypot(to[0] - from[0], to[1] - from[1]) > 4 * this.scale;
        if (moved) this.lay(shown, this.at(...to));
      };
      window.addEventListener("pointermove", move);
      window.addEventListener("pointerup", (at) => {
        window.removeEventListener("pointermove", move);
        if (!moved) return;
        shown.onclick = null; // the click that ends a drag picks nothing
        this.marks[this.changed].vertices[place] = this.at(...this.placeOf(at));
        setTimeout(() => this.keep());
      }, { once: true });
    }
    change(place) {
      this.changed = this.changed === place ? null : place;
      this.picked = null;
      this.show();
      if (this.changed === null) this.list.querySelectorAll("[data-change]")[place]?.focus();
      else this.focusOn(0);
    }
    line(one, place) {
      const name = `${one.label} ${place + 1}`;
      const change = this.button(this.changed === place ? words.done : words.change, () => this.change(place));
      change.dataset.change = "";
      const remove = this.button(words.remove, () => { this.changed = null; this.remove(place); });
      change.setAttribute("aria-label", `${change.textContent}: ${name}`);
      remove.setAttribute("aria-label", `${words.remove}: ${name}`);
      return make("li", {}, `${name}: ${one.vertices.length} ${words.points} `, change, " ", remove);
    }
  }
  define("crowd-polygon", Polygon);
})();
