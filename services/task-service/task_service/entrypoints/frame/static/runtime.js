/* Runs first in a requester's page, inside the sandboxed frame, and is all that speaks with the page
   around it. The frame has an opaque origin and may send nothing anywhere: what its form would post
   is taken at the `formdata` event, which a browser fires with the very entries of a submission,
   however it came about (button, Enter, form.submit(), requestSubmit(), POST or GET, any action).

   Out: ready, changed {by}, collected {answer, isBlank}, submitted {answer}, invalid {count, label},
        held {why: "button-off" | "several-buttons" | "silent" | "no-form"}, said {text}, size {height}
   In:  hello, begin {answer}, collect {isBlank}, press
   An answer is a list of [name, value] in the order of a native post, line ends CR LF. */
(() => {
  "use strict";
  const script = document.currentScript;
  const { mode, assignment, task, pseudonym, draft, words, scheme, direction } = script.dataset;
  script.remove(); // the page finds its document as its author wrote it
  const isWork = mode === "work";
  const around = window.parent;
  const origin = location.origin; // of the address; the document's own is opaque
  const NativeFormData = window.FormData;
  const later = window.setTimeout.bind(window);
  const notLater = window.clearTimeout.bind(window);
  const HEIGHT_PX_MAX = 20000;

  const tell = (kind, facts = {}) => {
    if (around !== window) around.postMessage({ crowdloom: kind, ...facts }, origin);
  };

  /* A preview shows how the page takes to another theme or direction. */
  if (scheme) document.documentElement.style.colorScheme = scheme;
  if (direction) document.documentElement.dir = direction;

  /* ---- what pages of Mechanical Turk expect to find ---- */
  const parameters = { assignmentId: assignment, hitId: task, workerId: pseudonym, turkSubmitTo: origin };
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(parameters)) if (value) query.set(name, value);
  try {
    history.replaceState(null, "", `${location.pathname}?${query}${location.hash}`);
  } catch { /* the functions below know the values anyway */ }
  const fillAssignment = () => {
    for (const field of document.getElementsByName("assignmentId")) field.value = assignment;
  };
  window.turkGetParam = (name, otherwise) => new URLSearchParams(location.search).get(name) ?? otherwise;
  window.turkGetSubmitToHost = () => origin;
  window.turkSetAssignmentID = (form, attribute = "assignmentId") => {
    fillAssignment();
    for (const field of document.getElementsByName(attribute || "assignmentId")) field.value = assignment;
    if (!isWork) switchOff();
  };

  /* ---- what an opaque origin lacks, kept in memory: pages would break off without ---- */
  const memoryStorage = () => {
    const kept = new Map();
    const methods = {
      getItem: (name) => kept.get(String(name)) ?? null,
      setItem: (name, value) => { kept.set(String(name), String(value)); },
      removeItem: (name) => { kept.delete(String(name)); },
      clear: () => kept.clear(),
      key: (place) => [...kept.keys()][place] ?? null,
    };
    return new Proxy(methods, {
      get: (_, name) => (name === "length" ? kept.size : methods[name] ?? kept.get(name)),
      set: (_, name, value) => { kept.set(name, String(value)); return true; },
      deleteProperty: (_, name) => { kept.delete(name); return true; },
    });
  };
  for (const name of ["localStorage", "sessionStorage"]) {
    Object.defineProperty(window, name, { value: memoryStorage(), configurable: true });
  }
  const cookies = new Map();
  Object.defineProperty(document, "cookie", {
    configurable: true,
    get: () => [...cookies].map(([name, value]) => `${name}=${value}`).join("; "),
    set: (text) => {
      const [name, ...value] = String(text).split(";")[0].split("=");
      cookies.set(name.trim(), value.join("=").trim());
    },
  });
  /* Dialogs are not allowed in the frame: their words are shown by the page around it. A question
     is answered with yes, since a no that nobody said would keep an answer back for ever. */
  const say = (text) => {
    if (pressing) pressing.said = true; // which says enough of why no answer came
    tell("said", { text: String(text ?? "").slice(0, 2000) });
  };
  window.alert = (text) => say(text);
  window.confirm = (text) => { say(text); return true; };
  window.prompt = (text, preset = "") => { say(text); return String(preset); };

  /* ---- the answer ---- */
  const lines = (text) => text.replace(/\r\n|\r|\n/g, "\r\n");
  const entries = (data) => [...data]
    .map(([name, value]) => [lines(name), lines(typeof value === "string" ? value : value.name)])
    .filter(([name]) => name !== "assignmentId"); // names the post, and is no part of an answer
  const collect = (form) => silently(() => entries(new NativeFormData(form)));

  let scripted = 0; // how many FormData are being made by script: their formdata event posts nothing
  const silently = (work) => {
    scripted += 1;
    try {
      return work();
    } finally {
      scripted -= 1;
    }
  };
  window.FormData = new Proxy(NativeFormData, {
    construct: (target, values, made) => silently(() => Reflect.construct(target, values, made)),
  });

  let pressing = null; // what became of the press that is under way
  let due = null;
  window.addEventListener("formdata", (event) => {
    event.crowdloomDraft = scripted > 0; // drafts keep field by field what an answer may join
    if (scripted || !isWork) return;
    const { formData } = event;
    if (pressing) pressing.taken = true;
    notLater(due);
    // After the page's own listeners; of two submissions in one go the last counts, as in a browser.
    due = later(() => tell("submitted", { answer: entries(formData) }));
  }, true);

  /* ---- the press of Submit ---- */
  const buttonsOf = (form) => [...form.elements].filter((element) => element.type === "submit");
  const theForm = () => {
    const forms = [...document.forms];
    return forms.find((form) => form.id === "mturk_form")
      ?? forms.find((form) => form.elements.namedItem("assignmentId"))
      ?? forms.find((form) => buttonsOf(form).length)
      ?? forms[0];
  };
  const theButton = (form) => {
    const buttons = buttonsOf(form);
    const known = buttons.find((button) => button.id === "submitButton");
    if (known || buttons.length < 2) return known ?? buttons[0] ?? null;
    const distinct = new Set(buttons.map((button) => `${button.name}=${button.value}`));
    const named = buttons.some((button) => button.name);
    return named && distinct.size > 1 ? undefined : buttons[buttons.length - 1];
  };
  const press = () => {
    if (!isWork) return;
    pressing = null;
    const form = theForm();
    const button = form && theButton(form);
    if (!form) tell("held", { why: "no-form" });
    else if (button === undefined) tell("held", { why: "several-buttons" });
    else if (button?.disabled) tell("held", { why: "button-off" });
    else pressAndSee(form, button);
  };
  const pressAndSee = (form, button) => {
    const seen = { taken: false, invalid: 0, said: false };
    pressing = seen;
    if (button) button.click();
    else form.requestSubmit();
    later(() => {
      if (pressing !== seen) return; // of an earlier press nothing is told after a later one
      pressing = null;
      if (!seen.taken && !seen.invalid && !seen.said) tell("held", { why: "silent" });
    }, 500);
  };
  let wrong = null; // the fields that the browser's own validation refused in one go
  window.addEventListener("invalid", (event) => {
    if (pressing) pressing.invalid += 1;
    if (!wrong) {
      wrong = { count: 0, label: labelOf(event.target) };
      later(() => {
        tell("invalid", wrong);
        wrong = null;
      });
    }
    wrong.count += 1;
  }, true);
  const labelOf = (field) => {
    const label = field.labels?.[0]?.textContent || field.getAttribute("aria-label") || field.placeholder;
    return (label || field.name || "").trim().replace(/\s+/g, " ").slice(0, 120);
  };
  window.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    press();
  }, true);

  /* ---- drafts ---- */
  const touched = new Set();
  for (const kind of ["input", "change", "click"]) {
    window.addEventListener(kind, (event) => {
      if (event.isTrusted && event.target?.name) touched.add(event.target.name);
      sizesLeft = SIZES_BETWEEN_TOUCHES_MAX;
      tell("changed", { by: kind });
    }, true);
  }
  const fire = (field, kind) => field.dispatchEvent(new Event(kind, { bubbles: true }));
  const restoreField = (field, values) => {
    if (["checkbox", "radio"].includes(field.type)) {
      // By a click, as a person did it, so that the page shows what belongs to it.
      if (values.includes(field.value) !== field.checked && (field.type === "checkbox" || !field.checked)) field.click();
    } else if (field.type === "select-multiple") {
      for (const option of field.options) option.selected = values.includes(option.value);
      fire(field, "change");
    } else if (values.length) {
      const value = values.shift().replace(/\r\n/g, "\n");
      if (field.value === value) return;
      field.value = value;
      fire(field, "input");
      fire(field, "change");
    }
  };
  /* Hidden fields are the page's own business: what nobody sees nobody can check. Those of the crowd
     family (data-draft) show what they hold. */
  const KEPT_OUT = ["hidden", "submit", "button", "reset", "image", "file", "password"];
  const restore = (answer) => {
    const form = theForm();
    if (!form) return;
    const values = Map.groupBy
      ? Map.groupBy(answer, ([name]) => name)
      : answer.reduce((all, pair) => all.set(pair[0], [...(all.get(pair[0]) ?? []), pair]), new Map());
    const left = new Map([...values].map(([name, pairs]) => [name, pairs.map(([, value]) => value)]));
    for (const field of form.elements) {
      const keptOut = KEPT_OUT.includes(field.type) && field.dataset.draft === undefined;
      const lacks = !field.name || touched.has(field.name) || keptOut;
      if (!lacks && "value" in field) restoreField(field, left.get(lines(field.name)) ?? []);
    }
  };
  const begin = (answer) => {
    if (!Array.isArray(answer) || !answer.length) return;
    restore(answer);
    later(() => restore(answer)); // fields that appeared by what the first pass filled in
  };

  /* ---- speaking with the page around ---- */
  let begun = false;
  const whenLoaded = (work) => {
    if (document.readyState === "complete") later(work);
    else window.addEventListener("load", () => later(work), { once: true });
  };
  const orders = {
    hello: () => {
      if (document.readyState === "loading") return;
      tell("ready");
      told = 0; // the page around may not have been there when it was told how high this one is
      measure();
    },
    collect: ({ isBlank }) => {
      const form = theForm();
      if (form) tell("collected", { answer: collect(form), isBlank });
    },
    begin: ({ answer }) => {
      if (begun) return;
      begun = true;
      whenLoaded(() => begin(answer ?? (draft ? JSON.parse(draft) : null)));
    },
    press,
  };
  window.addEventListener("message", (event) => {
    if (event.source !== around || event.origin !== origin || !isWork) return;
    const order = event.data?.crowdloom;
    if (Object.hasOwn(orders, order)) orders[order](event.data);
  });

  /* A page as high as its own frame would grow for ever: few sizes, until somebody touches it. */
  const SIZES_BETWEEN_TOUCHES_MAX = 15;
  let sizesLeft = SIZES_BETWEEN_TOUCHES_MAX;
  let told = 0;
  const measure = () => {
    const body = document.body;
    if (!body || sizesLeft <= 0) return;
    const margin = Number.parseFloat(getComputedStyle(body).marginBottom) || 0;
    const reach = Math.max(body.getBoundingClientRect().bottom + window.scrollY + margin, body.scrollHeight);
    const height = Math.min(Math.ceil(reach), HEIGHT_PX_MAX);
    if (height === told) return;
    told = height;
    sizesLeft -= 1;
    tell("size", { height });
  };

  /* ---- previews ---- */
  const switchOff = () => {
    for (const form of document.forms) for (const button of buttonsOf(form)) button.disabled = true;
    const last = [...document.querySelectorAll("[type=submit], button:disabled")].pop();
    if (!last || !words || document.getElementById("crowdloom-preview")) return;
    const line = document.createElement("p");
    line.id = "crowdloom-preview";
    line.textContent = words;
    last.after(line);
  };

  document.addEventListener("DOMContentLoaded", () => {
    fillAssignment();
    if (isWork) tell("ready");
    else switchOff();
    const watch = new ResizeObserver(measure);
    watch.observe(document.documentElement);
    if (document.body) watch.observe(document.body);
    measure();
  });
  window.addEventListener("load", () => {
    if (!isWork) switchOff();
    measure();
  });
})();
