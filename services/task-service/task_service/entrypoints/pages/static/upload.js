/* Sends a form's file in parts before the form itself, and says how far it is. What has arrived stays: after a lost
   connection, or a reload of the page with the same file, it goes on from there. Without script the browser sends the
   form with its file by itself, and says nothing. */
(() => {
  "use strict";
  const UPLOADS = "/api/tasks/v1/uploads";
  const PART_BYTES = 1_000_000;
  const TRIES = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000];
  const percent = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" });
  const pause = (milliseconds) => new Promise((done) => { setTimeout(done, milliseconds); });

  class Refused extends Error {}

  const call = async (method, address, body) => {
    const isJson = body !== undefined && !(body instanceof Blob);
    const answer = await fetch(address, {
      method,
      headers: { Accept: "application/json", ...(body === undefined ? {} : { "Content-Type": isJson ? "application/json" : "application/octet-stream" }) },
      body: isJson ? JSON.stringify(body) : body,
    });
    if (answer.status >= 500) throw new Error(`${answer.status}`);
    const read = await answer.json();
    if (answer.status === 409 && read.code === "part_out_of_place") return { moved: read.received };
    if (!answer.ok) throw new Refused(read.code);
    return read;
  };

  /* As long as the connection comes back within a minute or so. */
  const stubborn = async (act, lost) => {
    for (let number = 0; ; number += 1) {
      try {
        return await act();
      } catch (error) {
        if (error instanceof Refused || number >= TRIES.length) throw error;
        lost();
        await pause(TRIES[number]);
      }
    }
  };

  const KNOWN = "crowdloom.upload:";
  const known = (file) => `${KNOWN}${file.name}:${file.size}:${file.lastModified}`;
  const remembered = (file) => { try { return sessionStorage.getItem(known(file)); } catch { return null; } };
  const remember = (file, id) => { try { sessionStorage.setItem(known(file), id); } catch { /* then it begins anew */ } };

  /* What was cut off by leaving the page: the browser has forgotten the file, not what arrived of it. */
  const cutOff = async () => {
    const keys = Object.keys(sessionStorage).filter((key) => key.startsWith(KNOWN));
    const uploads = await Promise.all(keys.map((key) => call("GET", `${UPLOADS}/${sessionStorage.getItem(key)}`).catch(() => null)));
    return uploads.find((upload) => upload && !upload.digest && upload.received > 0);
  };

  const begun = async (file) => {
    const id = remembered(file);
    if (id) {
      try { return await call("GET", `${UPLOADS}/${id}`); } catch (error) { if (!(error instanceof Refused)) throw error; }
    }
    const made = await call("POST", UPLOADS, { name: file.name, size: file.size, media_type: file.type || "application/octet-stream" });
    remember(file, made.upload_id);
    return made;
  };

  /* Returns the digest under which the form finds the file. */
  const send = async (file, { sent, lost }) => {
    let upload = await stubborn(() => begun(file), lost);
    const id = upload.upload_id;
    while (!upload.digest) {
      const from = upload.received;
      sent(from / file.size);
      const part = file.slice(from, from + PART_BYTES);
      const answer = await stubborn(() => call("PATCH", `${UPLOADS}/${id}?offset=${from}`, part), lost);
      upload = answer.moved === undefined ? answer : await stubborn(() => call("GET", `${UPLOADS}/${id}`), lost);
    }
    sent(1);
    return upload.digest;
  };

  const start = () => {
    const box = document.querySelector("[data-upload]");
    const form = box?.closest("form");
    if (!form) return;
    const bar = box.querySelector("progress");
    const words = box.querySelector("[data-upload-words]");
    const ready = (sending) => {
      box.hidden = false;
      form.querySelectorAll("button").forEach((button) => { button.disabled = sending; });
    };
    const told = {
      sent(share) {
        bar.value = Math.floor(share * 100);
        words.textContent = `${words.dataset.sent} ${percent.format(share)}`;
      },
      lost() { words.textContent = words.dataset.waiting; },
    };
    cutOff().then((upload) => {
      if (!upload || !box.hidden) return;
      box.hidden = false;
      bar.value = Math.floor((upload.received / upload.size) * 100);
      words.textContent = `${words.dataset.cut} ${upload.name}, ${percent.format(upload.received / upload.size)}`;
    }).catch(() => { /* without it one begins anew */ });
    const show = async (answer) => {
      if (answer.headers.get("Content-Type")?.startsWith("application/json")) {
        location.assign((await answer.json()).location);
        return;
      }
      /* The same page, with what is to be mended. */
      const main = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
      if (!main) throw new Error("no page");
      document.querySelector("main").replaceWith(main);
      const first = main.querySelector("[data-focus], [role='alert']");
      first?.setAttribute("tabindex", "-1");
      first?.focus();
      start();
    };
    const sendForm = async (submitter) => {
      const input = form.querySelector("input[type='file']");
      const [file] = input.files;
      const data = new FormData(form, submitter);
      try {
        const digest = await send(file, told);
        data.set("kept", digest);
        data.set("name", file.name);
        data.delete(input.name);
      } catch (error) {
        /* What the whole is refused for, the form's own answer says in words: it is sent as without script. */
        if (!(error instanceof Refused)) throw error;
      }
      bar.removeAttribute("value");
      words.textContent = words.dataset.reading;
      await show(await fetch(form.action, { method: "POST", body: data, headers: { Accept: "text/html", "X-Upload-Progress": "1" } }));
    };
    form.addEventListener("submit", (event) => {
      if (!form.querySelector("input[type='file']").files.length) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      ready(true);
      sendForm(event.submitter).catch(() => {
        ready(false);
        words.textContent = words.dataset.failed;
      });
    }, true);
  };
  start();
})();
