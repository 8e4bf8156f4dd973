/* How far an upload is. Without script the browser sends the form by itself, and says nothing. */
(() => {
  "use strict";
  const percent = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" });

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
    const failed = () => {
      ready(false);
      words.textContent = words.dataset.failed;
    };
    const show = (call) => {
      if (call.status === 200) {
        location.assign(JSON.parse(call.responseText).location);
        return;
      }
      /* The same page, with what is to be mended. */
      const main = new DOMParser().parseFromString(call.responseText, "text/html").querySelector("main");
      if (!main) {
        failed();
        return;
      }
      document.querySelector("main").replaceWith(main);
      const told = main.querySelector("[data-focus], [role='alert']");
      told?.setAttribute("tabindex", "-1");
      told?.focus();
      start();
    };
    form.addEventListener("submit", (event) => {
      if (!form.querySelector("input[type='file']").files.length) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const call = new XMLHttpRequest();
      const data = new FormData(form, event.submitter);
      call.open("POST", form.action);
      call.setRequestHeader("Accept", "text/html");
      call.setRequestHeader("X-Upload-Progress", "1");
      call.upload.onprogress = (progress) => {
        if (!progress.lengthComputable) return;
        const share = progress.loaded / progress.total;
        bar.value = Math.floor(share * 100);
        words.textContent = `${words.dataset.sent} ${percent.format(share)}`;
      };
      call.upload.onload = () => {
        bar.removeAttribute("value");
        words.textContent = words.dataset.reading;
      };
      call.onload = () => show(call);
      call.onerror = failed;
      ready(true);
      call.send(data);
    }, true);
  };
  start();
})();
