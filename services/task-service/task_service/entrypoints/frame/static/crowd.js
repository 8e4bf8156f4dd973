/* The crowd family, as far as an answer needs it: each element has native fields inside, so that forms,
   validation, keyboard and drafts work as they do everywhere. What is posted has dotted names: a choice
   `<name>.<value>` = true or false, a classifier `<name>.label`, the rest its value under its name. A
   crowd-form without `answer-format="flatten-objects"` posts one field instead: `taskAnswers`, a JSON
   array of one object. Boxes and spans in text are in modules of their own, which build on `Marked`.

   Clean-room: written from what templates contain and what results look like. */
window.crowdloomCrowd = (() => {
  "use strict";
  const script = document.currentScript;
  /* In English where nobody translated them. */
  const words = {
    more: "Full instructions", addBox: "Add a box", remove: "Remove", label: "Label", image: "Image to mark",
    text: "Text to mark", selected: "Selected",
    boxKeys: "Draw a box, or click its two corners. Arrow keys move a box, with Shift they resize it, Delete removes it.",
    polygonKeys: "Click points along the edge, then the first one again.", closeOutline: "Close the outline",
    takeBack: "Take the last point back", change: "Change", done: "Done", point: "Point", points: "points",
    threePoints: "An outline has at least three points.", up: "Up", down: "Down", place: "Place", play: "Play",
    pause: "Pause", back: "Back 3 seconds", speed: "Speed", recording: "Place in the recording", waveKeys: "",
    spanKeys: "Select with the pointer, or with arrow keys and Shift; then press a label or its number.",
    ...JSON.parse(script?.dataset.words ?? "{}"),
  };
  const COPIED = ["name", "value", "placeholder", "required", "disabled", "readonly", "type", "min", "max",
    "step", "maxlength", "minlength", "pattern", "rows", "autofocus"];
  const made = (tag, from, skipped = []) => {
    const field = document.createElement(tag);
    for (const name of COPIED) {
      if (from.hasAttribute(name) && !skipped.includes(name)) field.setAttribute(name, from.getAttribute(name));
    }
    const label = from.getAttribute("label");
    if (label) field.setAttribute("aria-label", label);
    return field;
  };

  /* A form puts back its visible fields by itself, and none that is hidden. */
  const afterReset = (element, work) => element.closest("form")?.addEventListener("reset", () => setTimeout(work));

  class Field extends HTMLElement {
    connectedCallback() {
      if (this.field) return;
      this.field = this.make();
      const label = this.getAttribute("label");
      if (label) this.append(Object.assign(document.createElement("span"), { textContent: `${label} ` }));
      this.append(this.field);
    }
    get value() { return this.field?.value ?? ""; }
    set value(value) { if (this.field) this.field.value = value; }
    focus() { this.field?.focus(); }
  }
  class Input extends Field {
    make() { return made("input", this); }
  }
  class TextArea extends Field {
    make() {
      const field = made("textarea", this, ["value", "type"]);
      field.value = this.getAttribute("value") ?? "";
      return field;
    }
  }
  class Slider extends Field {
    make() {
      const field = made("input", this, ["value", "type"]);
      field.type = "range";
      field.dataset.kind = "number";
      field.defaultValue = this.getAttribute("value") ?? field.min;
      const shown = document.createElement("output");
      const show = () => { shown.textContent = field.value; };
      show();
      field.addEventListener("input", show);
      afterReset(this, show);
      this.append(shown);
      return field;
    }
  }

  /* The visible box has no name of its own; a hidden field says true or false under `<name>.<value>`. */
  class Choice extends HTMLElement {
    connectedCallback() {
      if (this.field) return;
      this.field = made("input", this, ["name", "value", "type"]);
      this.field.type = this.constructor.kind;
      this.field.defaultChecked = this.hasAttribute("checked");
      this.said = document.createElement("input");
      this.said.type = "hidden";
      const name = this.getAttribute("name");
      if (name) this.said.name = `${name}.${this.getAttribute("value") ?? "on"}`;
      Object.assign(this.said.dataset, { draft: "", kind: "boolean", path: "" });
      this.said.addEventListener("change", () => { // a draft was put back
        this.field.checked = this.said.value === "true";
      });
      this.say();
      this.prepend(this.field, this.said);
      this.field.addEventListener("change", () => this.chosen());
      afterReset(this, () => this.say());
      this.addEventListener("click", (event) => { // the words beside the box belong to it
        if (event.target !== this.field && !event.target.closest("a, button, input")) this.field.click();
      });
    }
    say() { this.said.value = String(this.field.checked); }
    chosen() {
      const group = this.field.type === "radio" ? this.closest("crowd-radio-group") : null;
      for (const other of group?.querySelectorAll("crowd-radio-button") ?? []) {
        if (other === this || !other.field) continue;
        other.field.checked = false;
        other.say();
      }
      this.say();
    }
    get checked() { return this.field?.checked ?? false; }
    set checked(checked) {
      if (!this.field) return;
      this.field.checked = checked;
      this.chosen();
    }
  }
  class Checkbox extends Choice { static kind = "checkbox"; }
  class RadioButton extends Choice { static kind = "radio"; }

  class Button extends HTMLElement {
    connectedCallback() {
      this.setAttribute("role", "button");
      this.tabIndex = 0;
      this.onclick ??= () => this.act();
      this.onkeydown = (event) => {
        if (event.target !== this || ![" ", "Enter"].includes(event.key)) return;
        event.preventDefault(); // the page would scroll by the space
        this.click();
      };
    }
    act() {
      const action = this.getAttribute("form-action");
      if (action === "submit") this.closest("form")?.requestSubmit();
      if (action === "reset") this.closest("form")?.reset();
    }
  }

  /* Lists stand in attributes as JSON; a list that is none is taken for words between commas. */
  const listOf = (element, name) => {
    const text = element.getAttribute(name) ?? "[]";
    try {
      const list = JSON.parse(text);
      return Array.isArray(list) ? list : [String(list)];
    } catch {
      return text.replace(/^\[|\]$/g, "").split(",").map((one) => one.trim().replace(/^['"]|['"]$/g, "")).filter(Boolean);
    }
  };
  const make = (tag, facts = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), facts);
    made.append(...children);
    return made;
  };
  /* Markup inside an element may not have been read yet when the element is: wait for its end. */
  const whenRead = (work) => {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", work, { once: true });
    else work();
  };

  /* Short instructions are shown, full ones unfold; what is a dialog elsewhere needs no script here. */
  const showInstructions = (element) => {
    for (const full of element.querySelectorAll(":scope > full-instructions, :scope > detailed-instructions, :scope > crowd-instructions-full")) {
      if (full.parentElement.matches("details")) continue;
      const title = full.getAttribute("header") || words.more;
      const folded = make("details", { className: "crowd-full" }, make("summary", { textContent: title }));
      full.before(folded);
      folded.append(full);
    }
  };
  class Instructions extends HTMLElement {
    connectedCallback() { whenRead(() => showInstructions(this)); }
  }

  class Classifier extends HTMLElement {
    connectedCallback() {
      if (this.made) return;
      this.made = true;
      whenRead(() => this.build());
    }
    build() {
      showInstructions(this);
      const source = this.getAttribute("src");
      if (source) this.append(make("img", { src: source, alt: words.image, className: "crowd-image" }));
      const choices = listOf(this, "categories").map((label) => this.choice(String(label)));
      const header = make("legend", { textContent: this.getAttribute("header") ?? "" });
      this.append(make("fieldset", { className: "crowd-choices" }, header, ...choices));
    }
    choice(label) {
      const field = make("input", { type: "radio", required: true, value: label });
      field.name = `${this.getAttribute("name") ?? "category"}.label`;
      field.dataset.path = "";
      return make("label", {}, field, ` ${label}`);
    }
  }

  /* Keeps marks as JSON in a hidden field, from which a draft puts them back. `part` is
     their name in the answer's object. */
  class Marked extends HTMLElement {
    connectedCallback() {
      if (this.kept) return;
      this.marks = [];
      this.kept = this.hiddenField(this.constructor.part, "[]");
      this.kept.dataset.draft = "";
      this.kept.addEventListener("change", () => {
        this.marks = JSON.parse(this.kept.value || "[]");
        this.show();
      });
      whenRead(() => { showInstructions(this); this.build(); this.show(); });
    }
    hiddenField(part, value) {
      const field = make("input", { type: "hidden", value });
      field.name = `${this.getAttribute("name") ?? "annotatedResult"}.${part}`;
      Object.assign(field.dataset, { kind: "json", path: "" });
      this.append(field);
      return field;
    }
    get labels() { return listOf(this, "labels").map((one) => String(one.label ?? one)); }
    keep() {
      this.kept.value = JSON.stringify(this.marks);
      this.kept.dispatchEvent(new Event("input", { bubbles: true }));
      this.show();
    }
    remove(place) {
      this.marks.splice(place, 1);
      this.keep();
      // The focus was on what is gone: it goes on with the next one, else to the tools.
      const next = this.list.children[Math.min(place, this.marks.length - 1)];
      (next?.querySelector("button:last-of-type") ?? this.querySelector(".crowd-tools :is(select, button)"))?.focus();
    }
  }

  class Tabs extends HTMLElement {
    connectedCallback() {
      whenRead(() => {
        for (const tab of this.querySelectorAll(":scope > crowd-tab")) {
          const folded = make("details", { open: !tab.previousElementSibling });
          folded.append(make("summary", { textContent: tab.getAttribute("header") ?? "" }));
          tab.before(folded);
          folded.append(tab);
        }
      });
    }
  }

  /* ---- crowd-form without flatten-objects: one field with all the answers ---- */
  const plainOf = (field, value) => {
    const kind = field?.dataset?.kind;
    if (kind === "boolean") return value === "true";
    if (kind === "number") return Number(value);
    return kind === "json" ? JSON.parse(value) : value;
  };
  const put = (answers, name, value, nested) => {
    const dot = nested ? name.indexOf(".") : -1;
    const into = dot > 0 ? (answers[name.slice(0, dot)] ??= Object.create(null)) : null;
    if (typeof into !== "object" || !into) answers[name] = name in answers ? [answers[name], value].flat() : value;
    else put(into, name.slice(dot + 1), value, true);
  };
  /* Plain radio buttons and checkboxes inside a crowd-form are told like the crowd's own: each choice
     as `<name>.<value>` = true or false, chosen or not; of several with one value the last counts. */
  const plainChoices = (form) => [...form.elements].filter((field) =>
    ["radio", "checkbox"].includes(field.type) && field.name && !field.disabled && field.dataset.path === undefined);
  const whole = (form, data) => {
    const answers = Object.create(null);
    for (const field of plainChoices(form)) {
      data.delete(field.name);
      (answers[field.name] ??= Object.create(null))[field.value] = field.checked;
    }
    for (const [name, value] of data) {
      if (name === "assignmentId") continue;
      const found = form.elements.namedItem(name);
      const field = found instanceof RadioNodeList ? found[0] : found;
      const text = typeof value === "string" ? value : value.name;
      put(answers, name, plainOf(field, text), field?.dataset?.path !== undefined);
    }
    return JSON.stringify([answers]);
  };
  window.addEventListener("formdata", (event) => {
    if (event.crowdloomDraft) return;
    for (const field of event.target.querySelectorAll("[data-draft-only]")) event.formData.delete(field.name);
    const around = event.target.querySelector("crowd-form") ?? event.target.closest("crowd-form");
    if (!around) return;
    if (around.getAttribute("answer-format") === "flatten-objects") {
      const choices = plainChoices(event.target);
      for (const field of choices) event.formData.delete(field.name);
      for (const field of choices) event.formData.set(`${field.name}.${field.value}`, String(field.checked));
      return;
    }
    const answers = whole(event.target, event.formData);
    for (const name of [...event.formData.keys()]) if (name !== "assignmentId") event.formData.delete(name);
    event.formData.set("taskAnswers", answers);
  });

  const family = {
    "crowd-input": Input,
    "crowd-text-area": TextArea,
    "crowd-slider": Slider,
    "crowd-checkbox": Checkbox,
    "crowd-radio-button": RadioButton,
    "crowd-button": Button,
    "crowd-instructions": Instructions,
    "crowd-classifier": Classifier,
    "crowd-image-classifier": class extends Classifier {},
    "crowd-tabs": Tabs,
  };
  const define = (name, element) => {
    if (!customElements.get(name)) customElements.define(name, element);
  };
  for (const [name, element] of Object.entries(family)) define(name, element);
  return { Marked, define, make, words };
})();
