/* crowd-waveform: a player around an <audio>, for writing down what is said. The picture of the recording
   comes from beside it (`<address>/wave.svg`), made by the server: a frame may show images and fetch nothing,
   so it cannot decode sound by itself. Recordings of other hosts have a player without a picture. */
(() => {
  "use strict";
  const { define, make, words } = window.crowdloomCrowd;
  const OURS = /^\/frame\/(files|samples)\/[^/]+$/;
  const BACK_SECONDS = 3;
  const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2];
  const clock = (seconds) => {
    const whole = Math.floor(Number.isFinite(seconds) ? seconds : 0);
    return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
  };

  class Waveform extends HTMLElement {
    connectedCallback() {
      if (this.asked) return;
      this.asked = true;
      if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => this.build(), { once: true });
      else this.build();
    }
    build() {
      this.sound = this.querySelector("audio") ?? this.appendChild(make("audio", { src: this.getAttribute("src") ?? "" }));
      this.sound.controls = false;
      this.track = make("div", { className: "crowd-track", tabIndex: 0 }, ...this.picture());
      this.track.setAttribute("role", "slider");
      this.track.setAttribute("aria-label", words.recording);
      this.track.setAttribute("aria-valuemin", "0");
      this.played = this.track.appendChild(make("div", { className: "crowd-played" }));
      this.track.addEventListener("pointerdown", (event) => this.seek(event));
      this.track.addEventListener("keydown", (event) => this.key(event));
      this.toggle = make("button", { type: "button", textContent: words.play, onclick: () => this.turn() });
      const back = make("button", { type: "button", textContent: words.back, onclick: () => this.go(-BACK_SECONDS) });
      const speed = make("select", {}, ...SPEEDS.map((one) => new Option(`${one}×`, one, one === 1, one === 1)));
      speed.onchange = () => { this.sound.playbackRate = Number(speed.value); };
      this.time = make("output", { className: "crowd-time" });
      const tools = make("div", { className: "crowd-tools" }, this.toggle, back, make("label", {}, `${words.speed} `, speed), this.time);
      this.append(this.track, tools, make("small", { textContent: words.waveKeys }));
      for (const kind of ["timeupdate", "loadedmetadata", "durationchange", "play", "pause", "ended", "seeked"]) {
        this.sound.addEventListener(kind, () => this.show());
      }
      document.addEventListener("keydown", (event) => this.anywhere(event));
      this.show();
    }
    picture() {
      const address = new URL(this.sound.src || "about:blank", location.href);
      if (address.origin !== location.origin || !OURS.test(address.pathname)) return [];
      const wave = make("img", { src: `${address.pathname}/wave.svg`, alt: "", draggable: false });
      wave.onerror = () => wave.remove();
      return [wave];
    }
    get length() { return Number.isFinite(this.sound.duration) ? this.sound.duration : 0; }
    turn() {
      if (this.sound.paused) this.sound.play().catch(() => this.show());
      else this.sound.pause();
    }
    go(seconds) { this.to(this.sound.currentTime + seconds); }
    to(seconds) { this.sound.currentTime = Math.max(0, Math.min(seconds, this.length)); }
    seek(event) {
      const edge = this.track.getBoundingClientRect();
      this.to(((event.clientX - edge.left) / edge.width) * this.length);
    }
    key(event) {
      const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key in steps) this.go(steps[event.key]);
      else if (event.key === "Home") this.to(0);
      else if (event.key === "End") this.to(this.length);
      else if (event.key === " ") this.turn();
      else return;
      event.preventDefault();
    }
    anywhere(event) {
      const act = { KeyP: () => this.turn(), KeyB: () => this.go(-BACK_SECONDS) }[event.code];
      if (!act || !event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      act();
    }
    show() {
      const { currentTime: at } = this.sound;
      this.played.style.width = `${this.length ? (100 * at) / this.length : 0}%`;
      this.time.textContent = `${clock(at)} / ${clock(this.length)}`;
      this.track.setAttribute("aria-valuemax", this.length.toFixed(1));
      this.track.setAttribute("aria-valuenow", at.toFixed(1));
      this.track.setAttribute("aria-valuetext", this.time.textContent);
      this.toggle.textContent = this.sound.paused ? words.play : words.pause;
    }
  }
  define("crowd-waveform", Waveform);
})();
