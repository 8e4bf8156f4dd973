/* crowd-bounding-box: boxes are drawn on an image, or added and moved by keyboard. The answer is
   `<name>.boundingBoxes`, in pixels of the image itself, and `<name>.inputImageProperties`. */
(() => {
  "use strict";
  const { Marked, define, make, words } = window.crowdloomCrowd;
  const SMALLEST_PX = 3;
  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const within = (value, most) => Math.round(Math.max(0, Math.min(value, most)));

  class BoundingBox extends Marked {
    static part = "boundingBoxes";
    build() {
      this.size = this.hiddenField("inputImageProperties", "{}");
      this.image = make("img", { className: "crowd-image", draggable: false, alt: this.getAttribute("header") || words.image });
      this.image.onload = () => {
        this.size.value = JSON.stringify({ height: this.image.naturalHeight, width: this.image.naturalWidth });
        this.show();
      };
      this.image.src = this.getAttribute("src") ?? "";
      this.stage = make("div", { className: "crowd-stage" }, this.image);
      this.stage.addEventListener("pointerdown", (event) => this.draw(event));
      this.label = make("select", {}, ...this.labels.map((one) => make("option", { textContent: one })));
      const add = make("button", { type: "button", textContent: words.addBox, onclick: () => this.add() });
      const tools = make("p", { className: "crowd-tools" }, make("label", {}, `${words.label} `, this.label), add);
      this.list = make("ul", { className: "crowd-marks" });
      const header = make("p", { textContent: this.getAttribute("header") ?? "" });
      this.append(header, tools, this.stage, make("small", { textContent: words.boxKeys }), this.list);
    }
    get scale() { return this.image.naturalWidth / (this.image.clientWidth || 1); }
    add() {
      const { naturalWidth: width, naturalHeight: height } = this.image;
      this.marks.push(this.box(width / 4, height / 4, width / 2, height / 2));
      this.keep();
      this.stage.querySelector(".crowd-box:last-of-type")?.focus();
    }
    box(left, top, width, height) {
      const { naturalWidth: across, naturalHeight: down } = this.image;
      const [x, y] = [within(left, across), within(top, down)];
      return { height: within(height, down - y), label: this.label.value, left: x, top: y, width: within(width, across - x) };
    }
    draw(event) {
      if (event.target !== this.image || event.button) return;
      event.preventDefault();
      const place = (at) => {
        const edge = this.image.getBoundingClientRect();
        return [(at.clientX - edge.left) * this.scale, (at.clientY - edge.top) * this.scale];
      };
      const from = place(event);
      const drawn = (at) => {
        const to = place(at);
        const [left, top] = [Math.max(0, Math.min(from[0], to[0])), Math.max(0, Math.min(from[1], to[1]))];
        return this.box(left, top, Math.max(from[0], to[0]) - left, Math.max(from[1], to[1]) - top);
      };
      const rubber = this.stage.appendChild(make("div", { className: "crowd-box" }));
      const move = (at) => this.lay(rubber, drawn(at));
      const end = (at) => {
        window.removeEventListener("pointermove", move);
        rubber.remove();
        const box = drawn(at);
        if (at.type === "pointercancel" || box.width < SMALLEST_PX || box.height < SMALLEST_PX) return;
        this.marks.push(box);
        this.keep();
      };
      window.addEventListener("pointermove", move);
      window.addEventListener("pointerup", end, { once: true });
    }
    lay(element, box) {
      const share = (part, all) => `${(100 * part) / (all || 1)}%`;
      const { naturalWidth: across, naturalHeight: down } = this.image;
      // Places in an image are physical: they do not turn with the direction of writing.
      Object.assign(element.style, {
        left: share(box.left, across), top: share(box.top, down),
        width: share(box.width, across), height: share(box.height, down),
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
      if (!step) { this.remove(place); return; }
      const far = Math.max(1, Math.round(this.image.naturalWidth / 100));
      const { naturalWidth: across, naturalHeight: down } = this.image;
      if (event.shiftKey) {
        box.width = Math.max(SMALLEST_PX, within(box.width + step[0] * far, across - box.left));
        box.height = Math.max(SMALLEST_PX, within(box.height + step[1] * far, down - box.top));
      } else {
        box.left = within(box.left + step[0] * far, across - box.width);
        box.top = within(box.top + step[1] * far, down - box.height);
      }
      this.keep();
      this.stage.querySelectorAll(".crowd-box")[place]?.focus();
    }
    line(box, place) {
      const remove = make("button", { type: "button", textContent: words.remove, onclick: () => this.remove(place) });
      remove.setAttribute("aria-label", `${words.remove}: ${box.label} ${place + 1}`);
      const facts = `${box.label} ${place + 1}: ${box.left}, ${box.top}, ${box.width} × ${box.height} `;
      return make("li", {}, facts, remove);
    }
  }
  define("crowd-bounding-box", BoundingBox);
})();
