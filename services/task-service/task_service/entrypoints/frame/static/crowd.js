/* Fields of the crowd family, as far as an answer needs them: each becomes a native field inside the
   element, so that forms, validation, keyboard and drafts work as they do everywhere. A choice posts
   `<name>.<value>` = true or false, the rest its value under its name. */
(() => {
  "use strict";
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
      field.value = this.getAttribute("value") ?? field.min;
      const shown = document.createElement("output");
      shown.textContent = field.value;
      field.addEventListener("input", () => { shown.textContent = field.value; });
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
      this.say();
      this.prepend(this.field, this.said);
      this.field.addEventListener("change", () => this.chosen());
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
      this.onkeydown = (event) => { if ([" ", "Enter"].includes(event.key)) this.click(); };
    }
    act() {
      const action = this.getAttribute("form-action");
      if (action === "submit") this.closest("form")?.requestSubmit();
      if (action === "reset") this.closest("form")?.reset();
    }
  }

  const family = {
    "crowd-input": Input,
    "crowd-text-area": TextArea,
    "crowd-slider": Slider,
    "crowd-checkbox": Checkbox,
    "crowd-radio-button": RadioButton,
    "crowd-button": Button,
  };
  for (const [name, element] of Object.entries(family)) {
    if (!customElements.get(name)) customElements.define(name, element);
  }
})();
