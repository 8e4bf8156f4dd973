/* What the elements share that mark places in an image: the image itself, the label that is chosen, the
   list of marks. Places are in pixels of the image itself; they do not turn with the direction of writing. */
(() => {
  "use strict";
  const { Marked, make, words } = window.crowdloomCrowd;

  class MarkedImage extends Marked {
    build() {
      this.size = this.hiddenField("inputImageProperties", "{}");
      this.image = make("img", { className: "crowd-image", draggable: false, alt: this.getAttribute("header") || words.image });
      this.image.onload = () => {
        this.size.value = JSON.stringify({ height: this.image.naturalHeight, width: this.image.naturalWidth });
        this.show();
      };
      this.image.src = this.getAttribute("src") ?? "";
      this.stage = make("div", { className: "crowd-stage" }, this.image);
      this.label = make("select", {}, ...this.labels.map((one) => make("option", { textContent: one })));
      this.tools = make("p", { className: "crowd-tools" }, make("label", {}, `${words.label} `, this.label));
      this.list = make("ul", { className: "crowd-marks" });
      const header = make("p", { textContent: this.getAttribute("header") ?? "" });
      this.append(header, this.tools, this.stage, make("small", { textContent: words[this.constructor.keys] }), this.list);
      this.beginWith(this.getAttribute("initial-value"));
    }
    /* Marks that the requester's table brings, to be mended. */
    beginWith(given) {
      if (!given || this.marks.length) return;
      try {
        const marks = JSON.parse(given);
        if (Array.isArray(marks)) this.marks = marks;
        this.kept.value = JSON.stringify(this.marks);
      } catch { /* begins with none */ }
    }
    get across() { return this.image.naturalWidth; }
    get down() { return this.image.naturalHeight; }
    get scale() { return this.across / (this.image.clientWidth || 1); }
    placeOf(event) {
      const edge = this.image.getBoundingClientRect();
      return [(event.clientX - edge.left) * this.scale, (event.clientY - edge.top) * this.scale];
    }
    button(text, act) { return make("button", { type: "button", textContent: text, onclick: act }); }
  }
  const within = (value, most) => Math.round(Math.max(0, Math.min(value, most)));
  const share = (part, all) => `${(100 * part) / (all || 1)}%`;
  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  Object.assign(window.crowdloomCrowd, { MarkedImage, STEPS, share, within });
})();
