// The bar on top: where one is and can go, what is looked at, the steps back, and the look of the page.
import { hashOf, pageAddress, tokenOf } from "./address.js";
import { listFor } from "./controls.js";
import { afterFrame, h, setAttr, setText, show, typing } from "./dom.js";
import { heartbeat, siteConfig } from "./heartbeat.js";
import { setIcon } from "./icons.js";
import { savesFiles } from "./saving.js";
import { sendAll } from "./sending.js";
import { banner, helpPanel, menu } from "./shell_parts.js";

const STEPS = ["undo", "redo", "reset", "pin", "swap", "unpin"];

/** The link of the page: read when first drawn, written as settings change, never over one that is being taken over. */
function permalink(model, tell, node, signal) {
  let asked = tokenOf(location.hash);
  let known = model.get("token");
  const busy = () => setAttr(node, "aria-busy", asked ? "true" : null);

  const write = afterFrame(() => {
    if (!asked) history.replaceState(history.state, "", hashOf(known));
  });

  function note() {
    known = model.get("token");
    // browsers take milliseconds for it, and pictures come first
    write();
  }

  function read() {
    const token = tokenOf(location.hash);
    if (!token || token === known) return;
    asked = token;
    busy();
    tell({ kind: "link", token });
  }

  model.on("msg:custom", (message) => {
    if (message.kind !== "linked") return;
    asked = "";
    busy();
    history.replaceState(history.state, "", hashOf(message.token));
  });
  model.on("change:token", note);
  window.addEventListener("hashchange", read, { signal });
  if (asked && asked !== known) read();
  else {
    asked = "";
    note();
  }
}

function frame(stage, act) {
  const brand = h("span", { class: "ps-brand" });
  const nav = h("nav", { class: "ps-nav" });
  const steps = Object.fromEntries(STEPS.map((what) => [what, stage.iconButton(what === "unpin" ? "close" : what, "", () => act.step(what))]));
  const looks = {
    language: h("button", { type: "button", class: "ps-icon-button ps-language", on: { click: act.language } }),
    theme: stage.iconButton("moon", "", act.theme),
    presenter: stage.iconButton("screen", "", act.presenter),
    help: stage.iconButton("help", "", act.help),
  };
  const pack = menu(stage, "pack", act.pack);
  const beat = h("span", { class: "ps-beat", role: "status" });
  const history = h("div", { class: "ps-group" }, ...Object.values(steps));
  const top = h("div", { class: "ps-bar-top" }, brand, nav, beat, history, h("div", { class: "ps-group" }, ...Object.values(looks)));
  const title = h("h1", { class: "ps-page-title" });
  const subtitle = h("span", { class: "ps-subtitle" });
  const pickers = h("div", { class: "ps-pickers" });
  const assumptions = h("a", { class: "ps-link-button" });
  const leave = stage.iconButton("screen", "", act.presenter);
  leave.classList.add("ps-leave");
  const below = h("div", { class: "ps-bar-below" }, h("div", { class: "ps-heading" }, title, subtitle), pickers, assumptions, pack.node, leave);
  return { node: h("header", { class: "ps-shell" }, top, below), brand, nav, steps, looks, pack, beat, title, subtitle, pickers, assumptions, leave };
}

/** Lists to pick from on the bar; one is made anew only when it becomes long or short. */
function pickerRow(stage, model, tell, place) {
  const lists = new Map();
  return () => {
    const told = model.get("pickers");
    for (const code of [...lists.keys()]) if (!told.some((one) => one.code === code)) forget(code);
    for (const one of told) draw(one);
  };

  function forget(code) {
    lists.get(code).node.remove();
    lists.delete(code);
  }

  function draw({ code, label, options, value }) {
    const kept = lists.get(code);
    if (kept && kept.size !== options.length) forget(code);
    if (!lists.has(code)) {
      const list = listFor(stage, options.length, (chosen) => tell({ kind: "pick", code, value: chosen }));
      const name = h("span", { class: "ps-label" });
      const node = h("label", { class: `ps-control ps-picker ps-picker-${code}` }, name, list.node);
      lists.set(code, { node, name, list, size: options.length });
      place.append(node);
    }
    const { name, list } = lists.get(code);
    setText(name, label || stage.say(`pick.${code}`));
    list.show(options, value);
    setAttr(list.field, "title", options[value] ?? null);
  }
}

export function shell({ model, el, stage, signal }) {
  function tell(content) {
    sendAll();
    model.send(content);
  }

  const act = {
    step: (what) => tell({ kind: "do", what }),
    language: () => tell({ kind: "look", lang: stage.lang === "zh" ? "en" : "zh" }),
    theme: () => tell({ kind: "look", theme: stage.dark ? "light" : "dark" }),
    presenter: () => tell({ kind: "look", presenter: !stage.presenter }),
    help: () => help.toggle(stage.say(`page.${model.get("page")}`), model.get("help")),
    pack: (format) => tell({ kind: "pack", format }),
  };
  const parts = frame(stage, act);
  const alarm = banner(stage);
  const help = helpPanel(stage);
  const pickers = pickerRow(stage, model, tell, parts.pickers);
  // in JupyterLab the same letters are its own, unless our page has the focus
  const alone = Boolean(siteConfig().kernelId);
  let beating = "well";
  el.append(parts.node, alarm.node, help.node);

  function links() {
    const token = model.get("token");
    const here = model.get("page");
    const all = model.get("pages");
    while (parts.nav.children.length < all.length) parts.nav.append(h("a", { class: "ps-nav-link" }));
    all.forEach((page, place) => {
      const link = parts.nav.children[place];
      setText(link, stage.say(`page.${page}`));
      setAttr(link, "href", pageAddress(location.pathname, here, page, token) || null);
      setAttr(link, "aria-current", page === here ? "page" : null);
    });
    setAttr(parts.assumptions, "href", pageAddress(location.pathname, here, "home", model.get("assumptions")) || null);
    show(parts.assumptions, here !== "home" && parts.assumptions.hasAttribute("href"));
  }

  function steps() {
    const pinned = model.get("pinned");
    for (const what of STEPS) stage.label(parts.steps[what], stage.say(what));
    parts.steps.undo.disabled = !model.get("can_undo");
    parts.steps.redo.disabled = !model.get("can_redo");
    show(parts.steps.pin, !pinned);
    show(parts.steps.swap, pinned);
    show(parts.steps.unpin, pinned);
  }

  function texts() {
    const title = stage.say(`page.${model.get("page")}`);
    setText(parts.brand, stage.say("brand"));
    setAttr(parts.nav, "aria-label", stage.say("pages"));
    setText(parts.title, title);
    setText(parts.subtitle, model.get("subtitle"));
    setText(parts.assumptions, stage.say("assumptions"));
    if (alone) document.title = `${title} · ${stage.say("brand")}`;
    setText(parts.looks.language, stage.lang === "zh" ? "EN" : "中文");
    stage.label(parts.looks.language, stage.say("language"));
    stage.label(parts.looks.theme, stage.say(stage.dark ? "theme.light" : "theme.dark"));
    setIcon(parts.looks.theme, stage.dark ? "sun" : "moon");
    stage.label(parts.looks.presenter, stage.say(stage.presenter ? "presenter.leave" : "presenter"));
    stage.label(parts.leave, stage.say("presenter.leave"));
    setAttr(parts.looks.presenter, "aria-pressed", stage.presenter);
    stage.label(parts.looks.help, stage.say("help"));
    parts.pack.show(stage.say("pack"), model.get("packs").map((kind) => [kind, stage.say(`pack.${kind}`)]));
    show(parts.pack.node, model.get("packs").length > 0);
  }

  function beat() {
    const text = model.get("busy") || (beating === "computing" ? stage.say("beat.computing") : "");
    setText(parts.beat, text);
    // its place is kept, so that the bar does not move
    const wanted = text ? "" : "hidden";
    if (parts.beat.style.visibility !== wanted) parts.beat.style.visibility = wanted;
  }

  function draw() {
    texts();
    steps();
    links();
    pickers();
    alarm.draw();
    beat();
  }

  function keys(event) {
    if (!alone && !event.target.closest?.(".povsim")) return undefined;
    const key = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && key === "z" && !typing(event.target)) {
      event.preventDefault();
      return act.step(event.shiftKey ? "redo" : "undo");
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || help.node.open) return undefined;
    const leave = stage.presenter && { escape: act.presenter };
    const what = { p: act.presenter, t: act.theme, l: act.language, "?": act.help, ...leave }[key];
    if (what) event.preventDefault();
    return what?.();
  }

  const pulse = heartbeat({
    ping: (n) => model.send({ kind: "ping", n }),
    tell: (how) => {
      beating = how;
      alarm.beat(how);
      beat();
    },
    signal,
  });
  savesFiles(model);
  document.addEventListener("keydown", keys, { signal });
  model.on("msg:custom", (message) => message.kind === "pong" && pulse.pong(message.n));
  model.on("change:token", links);
  model.on("change:can_undo change:can_redo change:pinned", steps);
  model.on("change:pickers", pickers);
  model.on("change:busy", beat);
  model.on("change:subtitle change:packs change:page change:help", texts);
  const message = () => alarm.tell(stage.model.get("message"));
  stage.model.on("change:message", message);
  signal.addEventListener("abort", () => stage.model.off("change:message", message));
  stage.onLook(draw, signal);
  permalink(model, tell, parts.node, signal);
  message();
  draw();
}
