/* Fills a page's fields in from a recorded answer, as far as it names them, the same way wherever the
   page runs. Returns what could not be filled in and what was added because the page requires it. */
(recorded) => {
  const plain = (text) => {
    const value = String(text).trim().replace(/\r\n?/g, "\n");
    return /^-?\d+(\.\d+)?$/.test(value) ? String(Number(value)) : value.toLowerCase();
  };
  const same = (one, other) => plain(one) === plain(other);
  const named = (name) => [...document.getElementsByName(name)].filter((field) => "value" in field);
  const fire = (field, kinds) => {
    for (const kind of kinds) field.dispatchEvent(new Event(kind, { bubbles: true }));
  };
  const write = (field, value) => {
    field.focus({ preventScroll: true });
    field.value = value;
    fire(field, ["input", "keyup", "change", "blur"]);
  };
  /* As a person does it: on the label, where there is one. Libraries that dress buttons up undo a click
     on the field itself. */
  const toggle = (field, checked) => {
    for (const place of [field.labels?.[0], field]) {
      if (place && field.checked !== checked) place.click();
    }
    if (field.checked === checked) return;
    field.checked = checked;
    fire(field, ["input", "change"]);
  };
  const choose = (field, value) => {
    const parts = value === "" ? [] : [value, ...value.split("|")];
    const meant = parts.some((part) => same(part, field.value))
      || (field.type === "checkbox" && same(value, "true") && field.value === "on");
    if (meant || field.type === "checkbox") toggle(field, meant);
    return meant;
  };
  const pick = (field, value) => {
    const parts = [value, ...value.split("|")];
    const option = [...field.options].filter((one) => parts.some((part) => same(part, one.value) || same(part, one.text)));
    if (!option.length) return value === "";
    if (field.multiple) for (const one of field.options) one.selected = option.includes(one);
    else field.value = option[0].value;
    fire(field, ["input", "change", "blur"]);
    return true;
  };
  /* `<name>.<value>` = true or false, as a crowd-form tells its choices. */
  const dotted = (name) => {
    for (let dot = name.indexOf("."); dot > 0; dot = name.indexOf(".", dot + 1)) {
      const found = named(name.slice(0, dot)).filter((field) =>
        ["radio", "checkbox"].includes(field.type) && field.value === name.slice(dot + 1));
      if (found.length) return found;
    }
    return [];
  };
  const enter = (name, value) => {
    const fields = named(name);
    if (!fields.length) {
      const choices = dotted(name);
      for (const field of choices) if (field.type === "checkbox" || same(value, "true")) toggle(field, same(value, "true"));
      return choices.length > 0;
    }
    const choices = fields.filter((field) => ["radio", "checkbox"].includes(field.type));
    const texts = fields.filter((field) => !choices.includes(field) && !["hidden", "submit", "button"].includes(field.type));
    const hidden = fields.filter((field) => field.type === "hidden");
    let met = value === "";
    for (const field of choices) met = choose(field, value) || met;
    const [text] = texts;
    if (text?.tagName === "SELECT") met = pick(text, value) || met;
    else if (text && (value !== "" || text.value !== "")) {
      if (!text.disabled && !text.readOnly) write(text, value);
      met = true;
    }
    if (!choices.length && !texts.length && hidden.length && value !== "" && !same(hidden[0].value, value)) {
      hidden[0].value = value;
      met = true;
    }
    return met || hidden.length > 0;
  };
  const reveal = () => {
    const wanted = /\b(show|next|start|begin|continue|open|ready)\b/i;
    const buttons = [...document.querySelectorAll("input[type=button], button[type=button]")];
    for (const button of buttons) {
      const words = `${button.value} ${button.textContent} ${button.id}`;
      if (wanted.test(words) && button.offsetParent && !button.closest("[data-toggle]")) button.click();
    }
  };
  let left = Object.entries(recorded);
  for (let pass = 0; pass < 3 && left.length; pass += 1) {
    left = left.filter(([name, value]) => !enter(name, value));
    if (left.some(([name]) => !named(name).length)) reveal();
  }
  const added = [];
  for (const field of document.querySelectorAll("input, select, textarea")) {
    if (!field.willValidate || !field.validity.valueMissing) continue;
    if (["radio", "checkbox"].includes(field.type)) toggle(field, true);
    else if (field.tagName === "SELECT") pick(field, [...field.options].find((one) => one.value)?.value ?? "");
    else write(field, field.type === "number" || field.type === "range" ? field.min || "1" : "none");
    added.push(field.name);
  }
  return { unfilled: left.map(([name]) => name), added };
}
