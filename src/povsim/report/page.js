// The report as a page: charts when they come into sight, languages, light and dark, search, print.
import { h } from "./dom.js";
import { resolve, wholeOption } from "./chart_options.js";
import { theme } from "./chart_themes.js";

const root = document.documentElement;
const told = JSON.parse(document.getElementById("charts").textContent);
const library = globalThis.povsimECharts;
const drawn = new Map();
const PRINTED = 680;

function dark() {
  return root.dataset.theme === "dark" && !printing;
}

let printing = false;

function make(place, settings) {
  const chart = told[place.dataset.chart];
  const name = dark() ? "report-dark" : "report-light";
  library.registerTheme(name, theme(dark(), 1));
  place.style.height = `${chart.height}px`;
  const made = library.init(place, name, { locale: chart.lang === "zh" ? "ZH" : "EN", ...settings });
  const option = wholeOption(chart.option, { series: resolve(chart.data, chart.lang), axes: chart.axes }, chart.lang);
  made.setOption({ ...option, animation: false });
  return made;
}

function draw(place) {
  if (!library || drawn.has(place) || !place.clientWidth) return;
  drawn.set(place, make(place, { devicePixelRatio: Math.max(2, devicePixelRatio) }));
}

/** A printer takes what stands there now: layers that are painted frame by frame would be missing. */
function drawForPrint(place) {
  if (!library) return;
  const made = make(place, { width: PRINTED, height: told[place.dataset.chart].height, devicePixelRatio: 1 });
  const canvas = made.renderToCanvas({ pixelRatio: 2, backgroundColor: "#ffffff" });
  made.dispose();
  canvas.className = "printed";
  place.replaceChildren(canvas);
}

function drop(place) {
  drawn.get(place)?.dispose();
  drawn.delete(place);
}

const sight = new IntersectionObserver((seen) => seen.forEach((one) => one.isIntersecting && draw(one.target)), { rootMargin: "400px" });
const places = [...document.querySelectorAll("[data-chart]")];
places.forEach((place) => {
  place.style.height = `${told[place.dataset.chart].height}px`;
  sight.observe(place);
});

function again() {
  const before = [...drawn.keys()];
  before.forEach(drop);
  before.filter((place) => place.clientWidth).forEach(draw);
}

let waiting = 0;
addEventListener("resize", () => {
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(() => drawn.forEach((made, place) => place.clientWidth && made.resize()));
});

// ---- language, look, print ----

function speak(lang) {
  root.dataset.lang = lang;
  root.lang = lang === "zh" ? "zh-CN" : "en";
  document.title = document.querySelector(`main[data-of="${lang}"] h1`).textContent;
  again();
}

function look(name) {
  root.dataset.theme = name;
  again();
}

document.querySelectorAll("[data-do]").forEach((button) => {
  const acts = {
    language: () => speak(root.dataset.lang === "zh" ? "en" : "zh"),
    theme: () => look(root.dataset.theme === "dark" ? "light" : "dark"),
    print: () => print(),
  };
  button.addEventListener("click", acts[button.dataset.do]);
});

function forPrint(now) {
  printing = now;
  const shown = places.filter((place) => place.closest("[data-of]").dataset.of === root.dataset.lang);
  shown.forEach(drop);
  shown.forEach((place) => place.replaceChildren());
  shown.forEach(now ? drawForPrint : draw);
}

addEventListener("beforeprint", () => forPrint(true));
addEventListener("afterprint", () => forPrint(false));

// ---- search ----

document.querySelectorAll("details[data-search]").forEach((holder) => {
  const word = h("input", { type: "search", placeholder: holder.dataset.search, "aria-label": holder.dataset.search });
  const rows = [...holder.querySelectorAll("tbody tr")];
  word.addEventListener("input", () => {
    const wanted = word.value.trim().toLowerCase();
    rows.forEach((row) => (row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted)));
  });
  holder.querySelector("summary").after(word);
});

if (matchMedia("(prefers-color-scheme: dark)").matches) look("dark");
root.dataset.ready = "yes";
