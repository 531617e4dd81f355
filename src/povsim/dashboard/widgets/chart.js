// One chart: drawn whole when its option, language or look changes, otherwise only the numbers that differ.
import { chartLibrary } from "./chart_library.js";
import { partOption, resolve, wholeOption } from "./chart_options.js";
import { savePicture } from "./chart_picture.js";
import { theme } from "./chart_themes.js";
import { afterFrame, h, setAttr, setText, show } from "./dom.js";
import { savesFiles } from "./saving.js";

function frame(stage, act) {
  const title = h("h3", { class: "ps-chart-title" });
  const tools = {
    sheet: stage.iconButton("sheet", "", act.sheet),
    picture: stage.iconButton("picture", "", act.picture),
    full: stage.iconButton("full", "", act.full),
  };
  const head = h("div", { class: "ps-chart-head" }, title, h("div", { class: "ps-tools" }, ...Object.values(tools)));
  const canvas = h("div", { class: "ps-chart-canvas", role: "img" });
  const wait = h("div", { class: "ps-chart-wait" });
  const note = h("figcaption", { class: "ps-chart-note" });
  const node = h("figure", { class: "ps-chart" }, head, h("div", { class: "ps-chart-place" }, canvas, wait), note);
  return { node, title, tools, canvas, wait, note };
}

/** The numbers of a chart as they arrive: all together, or series by series with a running number. */
function numbersOf(model, lang) {
  const held = { n: -1, series: {}, axes: {}, whole: true, changed: { series: {}, axes: {} } };
  return {
    held,
    /** Take over what the model holds; true if something is to be drawn. */
    take() {
      const all = model.get("data");
      const patch = model.get("patch");
      let news = false;
      if (all.n > held.n) {
        Object.assign(held, { n: all.n, series: resolve(all.series, lang()), axes: { ...all.axes }, whole: true });
        news = true;
      }
      if (patch.n === held.n + 1) {
        held.n = patch.n;
        const series = resolve(patch.series, lang());
        Object.assign(held.series, series);
        Object.assign(held.axes, patch.axes);
        Object.assign(held.changed.series, series);
        Object.assign(held.changed.axes, patch.axes);
        news = true;
      } else if (patch.n > held.n) model.send({ kind: "whole" });
      return news;
    },
  };
}

export function chart({ model, el, stage, signal }) {
  const parts = frame(stage, {
    sheet: () => model.send({ kind: "workbook" }),
    picture: () => drawn && savePicture(drawn, model.get("title") || model.get("code"), pictureTexts()),
    full: () => (document.fullscreenElement ? document.exitFullscreen() : parts.node.requestFullscreen()),
  });
  const numbers = numbersOf(model, () => stage.lang);
  let library = null;
  let drawn = null;
  el.append(parts.node);

  function pictureTexts() {
    return { title: model.get("title"), note: model.get("note"), dark: stage.dark, font: getComputedStyle(el).fontFamily };
  }

  function page() {
    return { lang: stage.lang, enlarged: stage.enlarged, dark: stage.dark, width: parts.canvas.clientWidth };
  }

  function texts() {
    setText(parts.title, model.get("title"));
    setText(parts.note, model.get("note"));
    show(parts.note, model.get("note") !== "");
    show(parts.tools.sheet, model.get("table") !== "");
    setAttr(parts.canvas, "aria-label", [model.get("title"), model.get("note")].filter(Boolean).join(". "));
    stage.label(parts.tools.sheet, stage.say("excel"));
    stage.label(parts.tools.picture, stage.say("chart.png"));
    stage.label(parts.tools.full, stage.say("chart.full"));
    parts.node.style.setProperty("--chart-height", `${model.get("height")}px`);
    if (!drawn) setText(parts.wait, stage.say(library === false ? "chart.failed" : "chart.loading"));
  }

  function open() {
    const name = `povsim-${stage.dark ? "dark" : "light"}${stage.presenter ? "-large" : ""}`;
    library.registerTheme(name, theme(stage.dark, stage.enlarged));
    drawn = library.init(parts.canvas, name, { locale: stage.lang === "zh" ? "ZH" : "EN" });
    drawn.on("click", (event) => {
      model.send({ kind: "click", series: event.seriesId ?? event.seriesName ?? "", name: event.name ?? "", value: plain(event.value) });
    });
    numbers.held.whole = true;
    show(parts.wait, false);
  }

  function draw() {
    // hidden or not laid out yet, it would be drawn at the library's own width of 100 pixels
    if (!library || !el.isConnected || parts.canvas.clientWidth === 0 || numbers.held.n < 1) return;
    if (!drawn) open();
    const { held } = numbers;
    if (held.whole) drawn.setOption(wholeOption(model.get("option"), held, page()), { notMerge: true });
    else if (hasEntries(held.changed)) drawn.setOption(partOption(model.get("option"), held.changed));
    Object.assign(held, { whole: false, changed: { series: {}, axes: {} } });
  }

  const paint = afterFrame(draw);

  function relook() {
    drawn?.dispose();
    drawn = null;
    texts();
    draw();
  }

  const sizes = new ResizeObserver(() => {
    if (!drawn) draw();
    else if (parts.canvas.clientWidth > 0) drawn.resize();
  });
  sizes.observe(parts.canvas);
  savesFiles(model);
  model.on("change:data change:patch", () => numbers.take() && paint());
  model.on("change:option", () => {
    numbers.take();
    numbers.held.whole = true;
    paint();
  });
  model.on("change:title change:note change:table change:height", texts);
  stage.onLook(relook, signal);
  signal.addEventListener("abort", () => {
    sizes.disconnect();
    drawn?.dispose();
  });
  numbers.take();
  texts();
  chartLibrary(stage).then(
    (loaded) => {
      library = loaded;
      paint();
    },
    () => {
      library = false;
      texts();
    },
  );
}

function hasEntries({ series, axes }) {
  return Object.keys(series).length + Object.keys(axes).length > 0;
}

function plain(value) {
  return value === undefined || typeof value === "function" ? null : JSON.parse(JSON.stringify(value));
}
