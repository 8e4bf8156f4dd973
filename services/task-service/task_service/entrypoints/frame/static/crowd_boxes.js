/* crowd-bounding-box: boxes are drawn on an image, set by two clicks, or added and moved by keyboard. The
   answer is `<name>.boundingBoxes`, in pixels of the image itself, and `<name>.inputImageProperties`. */
(() => {
  "use strict";
  const { MarkedImage, STEPS, define, make, share, within, words } = window.crowdloomCrowd;
  const SMALLEST_PX = 3;

  class BoundingBox extends MarkedImage {
    static part = "boundingBoxes";
    static keys = "boxKeys";
    build() {
      super.build();
      this.stage.addEventListener("pointerdown", (event) => this.draw(event));
      this.tools.append(this.button(words.addBox, () => this.add()));
    }
    add() {
      if (!this.across) return; // the image is not there yet
      this.marks.push(this.box(this.across / 4, this.down / 4, this.across / 2, this.down / 2));
      this.keep();
      this.stage.querySelector(".crowd-box:last-of-type")?.focus();
    }
    box(left, top, width, height) {
      const [x, y] = [within(left, this.across), within(top, this.down)];
      return { height: within(height, this.down - y), label: this.label.value, left: x, top: y, width: within(width, this.across - x) };
    }
    between(from, to) {
      const [left, top] = [Math.max(0, Math.min(from[0], to[0])), Math.max(0, Math.min(from[1], to[1]))];
      return this.box(left, top, Math.max(from[0], to[0]) - left, Math.max(from[1], to[1]) - top);
    }
    draw(event) {
      if (event.target !== this.image || event.button || !this.across) return;
      event.preventDefault();
      const from = this.corner ?? this.placeOf(event);
      const rubber = this.stage.appendChild(make("div", { className: "crowd-box" }));
      const move = (at) => this.lay(rubber, this.between(from, this.placeOf(at)));
      move(event);
      const end = (at) => {
        for (const [kind, act] of ways) window.removeEventListener(kind, act);
        rubber.remove();
        if (at.type !== "pointercancel") this.drawn(from, this.between(from, this.placeOf(at)));
      };
      const ways = [["pointermove", move], ["pointerup", end], ["pointercancel", end]];
      for (const [kind, act] of ways) window.addEventListener(kind, act);
    }
    /* A box that is next to nothing on the screen was a click: the first of two corners, or the second
       one in place. A finger slips a little; in a large image that is many of its pixels. */
    drawn(from, box) {
      const smallest = SMALLEST_PX * Math.max(1, this.scale);
      const isBox = box.width >= smallest && box.height >= smallest;
      this.corner = isBox || this.corner ? null : from;
      this.stage.querySelector(".crowd-corner")?.remove();
      if (isBox) {
        this.marks.push(box);
        this.keep();
      } else if (this.corner) {
        const shown = this.stage.appendChild(make("div", { className: "crowd-corner" }));
        Object.assign(shown.style, { left: share(from[0], this.across), top: share(from[1], this.down) });
      }
    }
    lay(element, box) {
      Object.assign(element.style, {
        left: share(box.left, this.across), top: share(box.top, this.down),
        width: share(box.width, this.across), height: share(box.height, this.down),
      });
    }
    show() {
      if (!this.list) return;
      for (const old of this.stage.querySelectorAll(".crowd-box")) old.remove();
      this.list.replaceChildren(...this.marks.map((box, place) => this.line(box, place)));
      this.stage.append(...this.marks.map((box, place) => this.outline(box, place)));
    }
    outline(box, place) {
      const shown = make("div", { className: "crowd-box", tabIndex: 0, textContent: box.label });
      shown.setAttribute("role", "group");
      shown.setAttribute("aria-label", `${box.label} ${place + 1}`);
      shown.onkeydown = (event) => this.key(event, box, place);
      this.lay(shown, box);
      return shown;
    }
    key(event, box, place) {
      const step = STEPS[event.key];
      if (!step && !["Delete", "Backspace"].includes(event.key)) return;
      event.preventDefault();
      if (!step) {
        this.remove(place);
        this.stage.querySelectorAll(".crowd-box")[Math.min(place, this.marks.length - 1)]?.focus();
        return;
      }
      const far = Math.max(1, Math.round(this.across / 100));
      if (event.shiftKey) {
        box.width = Math.max(SMALLEST_PX, within(box.width + step[0] * far, this.across - box.left));
        box.height = Math.max(SMALLEST_PX, within(box.height + step[1] * far, this.down - box.top));
      } else {
        box.left = within(box.left + step[0] * far, this.across - box.width);
        box.top = within(box.top + step[1] * far, this.down - box.height);
      }
      this.keep();
      this.stage.querySelectorAll(".crowd-box")[place]?.focus();
    }
    line(box, place) {
      const remove = this.button(words.remove, () => this.remove(place));
      remove.setAttribute("aria-label", `${words.remove}: ${box.label} ${place + 1}`);
      const facts = `${box.label} ${place + 1}: ${box.left}, ${box.top}, ${box.width} × ${box.height} `;
      return make("li", {}, facts, remove);
    }
  }
  define("crowd-bounding-box", BoundingBox);
})();
