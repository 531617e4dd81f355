// What a page shows until its widgets are there, and what it says when they do not come.
(() => {
  const SLOW_MS = 12_000;
  const LOST_MS = 45_000;
  const told = JSON.parse(document.getElementById("povsim-loading-texts").textContent);
  const box = document.getElementById("loading");
  const title = document.getElementById("povsim-loading-title");
  const text = document.getElementById("povsim-loading-text");
  const again = document.getElementById("povsim-loading-again");
  let done = false;

  const kept = (name) => {
    try {
      return window.localStorage.getItem(name);
    } catch {
      return null;
    }
  };
  const chosen = kept("povsim.lang");
  const lang = chosen in told.texts ? chosen : told.lang;
  const say = (key) => told.texts[lang][key];
  document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
  if (kept("povsim.theme") === "dark") {
    document.body.classList.add("povsim-page-dark");
  }
  document.title = say("title");
  title.textContent = say("title");
  text.textContent = say("loading");

  function trouble(key) {
    if (done) {
      return;
    }
    box.classList.add("povsim-loading-stopped");
    text.textContent = say(key);
    again.textContent = say("again");
    again.href = window.location.href;
    again.hidden = false;
    again.onclick = () => window.location.reload();
  }

  function show() {
    if (!done) {
      done = true;
      box.remove();
      document.getElementById("rendered_cells").style.visibility = "";
    }
  }

  // The cells are laid out before their widgets exist; they stay unseen until there is something in them.
  function look() {
    const cells = document.getElementById("rendered_cells");
    if (cells.querySelector(".jupyter-widgets, .widget-box, [data-povsim-root]")) {
      show();
    } else if (cells.querySelector('[data-mime-type="application/vnd.jupyter.stderr"], [data-mime-type="application/vnd.jupyter.error"]')) {
      trouble("failed");
    }
  }

  // A page whose first connection fails would connect again without naming its framing, which the server refuses.
  const FRAMING = "v1.kernel.websocket.jupyter.org";
  window.WebSocket = class extends window.WebSocket {
    constructor(url, protocols = []) {
      super(url, protocols.length ? protocols : FRAMING);
    }
  };

  // anywidget gives every part two seconds to come, and to one that took longer hands no message ever again: on a slow
  // machine most of a page would stand still. Parts come when they come, and one closed before it came is no fault.
  const GIVEN_MS = 2_000;
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  AbortSignal.timeout = (ms) => (ms < GIVEN_MS ? timeout(ms) : new AbortController().signal);

  window.voila_heartbeat = () => {};
  window.update_loading_text = () => {};
  window.voila_process = () => {};
  window.display_cells = () => {
    if (!window.themeLoaded) {
      window.cellLoaded = true;
      return;
    }
    const cells = document.getElementById("rendered_cells");
    cells.style.visibility = "hidden";
    cells.style.display = "";
    new MutationObserver(look).observe(cells, { childList: true, subtree: true });
    look();
  };
  window.voila_finish = window.display_cells;

  window.addEventListener("error", (event) => {
    if (event.target instanceof HTMLScriptElement) {
      trouble("script");
    }
  }, true);
  window.setTimeout(() => {
    if (!done && again.hidden) {
      text.textContent = say("slow");
    }
  }, SLOW_MS);
  window.setTimeout(() => trouble("lost"), LOST_MS);
})();
