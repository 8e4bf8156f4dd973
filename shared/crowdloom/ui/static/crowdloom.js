/* What pages do better with script; every one of them works without. No eval, no inline style. */
(() => {
  "use strict";
  const words = () => document.body.dataset;
  const language = document.documentElement.lang;
  const dateLanguage = language === "en" ? "en-GB" : language;

  /* Which key was pressed, for scripts of single pages: a keyboard of another script has a letter
     of its own in a letter's place, and Caps Lock is no other key. */
  const keyOf = ({ key, code }) => {
    if (key === "\u061f") return "?";
    const isOther = key.length === 1 && key > "\u007f" && /^Key[A-Z]$/.test(code);
    const here = isOther ? code.slice(3) : key;
    return here.length === 1 ? here.toLowerCase() : here;
  };
  window.crowdloom = { keyOf };

  /* Days begin when they begin where the reader is. */
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.split("; ").includes(`cl_zone=${zone}`)) {
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `cl_zone=${zone}; path=/; max-age=31536000; samesite=lax${secure}`;
  }

  /* On a phone the places of the bar scroll sideways: where the reader is comes into view. */
  document.querySelector(".bar a[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

  /* A form is sent once; its button says that it is under way. Downloads opt out with data-again. */
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method === "dialog" || "again" in form.dataset) return;
    if ("sent" in form.dataset) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "";
    event.submitter?.setAttribute("aria-busy", "true");
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
    }
  });

  /* confirm_form: the form moves into a dialog and back. */
  const ask = (details) => {
    const form = details.querySelector("form");
    const dialog = document.createElement("dialog");
    const box = document.createElement("article");
    const heading = document.createElement("h2");
    const keep = document.createElement("button");
    heading.textContent = details.querySelector("summary").textContent;
    heading.id = `ask-${Date.now()}`;
    dialog.setAttribute("aria-labelledby", heading.id);
    keep.type = "button";
    keep.className = "plain";
    keep.textContent = words().cancel;
    keep.addEventListener("click", () => dialog.close());
    form.querySelector(".actions").prepend(keep);
    box.append(heading, form);
    dialog.append(box);
    document.body.append(dialog);
    dialog.addEventListener("close", () => {
      keep.remove();
      details.append(form);
      dialog.remove();
      details.querySelector("summary").focus();
    });
    dialog.showModal();
    keep.focus();
  };
  document.addEventListener("click", (event) => {
    const summary = event.target.closest("details[data-confirm] > summary");
    if (!summary || typeof HTMLDialogElement !== "function") return;
    event.preventDefault();
    ask(summary.parentElement);
  });

  /* Copy a secret. The button stays hidden where there is no clipboard. */
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    source.select();
    try {
      await navigator.clipboard.writeText(source.value);
      button.textContent = words().copied;
    } catch {
      /* the text is selected: the reader copies it by hand */
    }
  });

  /* One line at the bottom for what went wrong on the way: it stays while the line is down. */
  const notice = (id, sentence) => {
    document.getElementById(id)?.remove();
    if (!sentence) return null;
    const line = document.createElement("div");
    line.id = id;
    line.className = "toast";
    line.setAttribute("role", "status");
    line.textContent = sentence;
    document.body.append(line);
    return line;
  };
  document.addEventListener("htmx:error", () => notice("line-down", words().connectionLost));
  document.addEventListener("htmx:after:request", () => notice("line-down", ""));
  document.addEventListener("htmx:response:error", (event) => {
    /* A region that loads itself may fail in silence and try again; what a person did may not. */
    const { sourceEvent, response } = event.detail?.ctx ?? {};
    if (!sourceEvent?.isTrusted || response.status === 422) return;
    const line = notice("request-failed", words().requestFailed);
    line.dataset.toast = "8";
    dismissLater(line);
  });

  /* A toast goes by itself, but not while somebody points at it or has the focus in it. */
  const dismissLater = (toast) => {
    let left = Number(toast.dataset.toast);
    delete toast.dataset.toast;
    const tick = setInterval(() => {
      if (!toast.isConnected) clearInterval(tick);
      if (toast.matches(":hover, :focus-within")) return;
      left -= 1;
      if (left > 0) return;
      clearInterval(tick);
      toast.remove();
    }, 1000);
  };

  /* Moments in the reader's own zone and calendar. */
  const moment = new Intl.DateTimeFormat(dateLanguage, {
    day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit",
  });
  const localise = (time) => {
    const date = new Date(time.dateTime);
    if (Number.isNaN(date.getTime())) return;
    if ("instant" in time.dataset) {
      time.title = time.textContent;
      time.textContent = moment.format(date);
    } else {
      time.title = moment.format(date);
    }
    delete time.dataset.instant;
    delete time.dataset.relative;
  };

  /* m:ss until a deadline. Screen readers are told at one minute and at the end, not each second. */
  const clockDigits = new Intl.NumberFormat(language, { minimumIntegerDigits: 2 });
  const plainDigits = new Intl.NumberFormat(language);
  const count = (clock) => {
    /* By the server's clock where the page tells it: the reader's may be an hour off. */
    if (clock.dataset.now && !clock.dataset.skewMs) clock.dataset.skewMs = Date.parse(clock.dataset.now) - Date.now();
    const now_ms = Date.now() + Number(clock.dataset.skewMs ?? 0);
    const seconds = Math.ceil((new Date(clock.dataset.countdown) - now_ms) / 1000);
    if (seconds <= 0) {
      clock.textContent = clock.dataset.over;
      clock.setAttribute("aria-live", "polite");
      clock.dispatchEvent(new CustomEvent("crowdloom:over", { bubbles: true }));
      return false;
    }
    const parts = [Math.floor(seconds / 60) % 60, seconds % 60].map((part) => clockDigits.format(part));
    const hours = Math.floor(seconds / 3600);
    if (hours) parts.unshift(plainDigits.format(hours));
    else parts[0] = plainDigits.format(Math.floor(seconds / 60));
    clock.textContent = clock.dataset.left.replace("{time}", `\u2068${parts.join(":")}\u2069`);
    clock.classList.toggle("late", seconds <= 60);
    if (seconds === 60) clock.setAttribute("aria-live", "polite");
    else clock.removeAttribute("aria-live");
    return true;
  };
  const clocks = new Set();
  setInterval(() => {
    for (const clock of clocks) if (!clock.isConnected || !count(clock)) clocks.delete(clock);
  }, 1000);

  const enhance = () => {
    document.querySelectorAll("time[data-instant], time[data-relative]").forEach(localise);
    document.querySelectorAll("[data-toast]").forEach(dismissLater);
    document.querySelectorAll("[data-countdown]").forEach((clock) => {
      if (!clocks.has(clock) && count(clock)) clocks.add(clock);
    });
    if (navigator.clipboard) {
      document.querySelectorAll("[data-copy][hidden]").forEach((button) => { button.hidden = false; });
    }
    const target = document.querySelector("[data-focus]");
    if (target) {
      delete target.dataset.focus;
      target.focus();
    }
  };
  document.addEventListener("htmx:after:swap", enhance);
  enhance();
})();
