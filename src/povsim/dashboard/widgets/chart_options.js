// From plain data to what the chart library takes: named formatters, tooltips, numbers out of bytes.
import { h } from "./dom.js";
import { named, number, percent, width as columns } from "./formats.js";

const MOST_LINES = 3;
const EXACT = { compact: "number", compact_zh: "number", percent: "percent1", percent0: "percent1" };

/** Replace every {"$fn": name} by its function and every {"$shape", "$bytes"} by its numbers. */
export function resolve(value, lang) {
  if (Array.isArray(value)) return value.length && typeof value[0] === "object" ? value.map((one) => resolve(one, lang)) : value;
  if (value === null || typeof value !== "object") return value;
  if (typeof value.$fn === "string") return named(value.$fn, lang, value);
  if (value.$shape) return unbyte(value);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, resolve(one, lang)]));
}

export function unbyte({ $shape, $bytes }) {
  const view = $bytes;
  const copy = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  const flat = Array.from(new Float64Array(copy), (one) => (Number.isNaN(one) ? null : one));
  if ($shape.length < 2) return flat;
  const wide = flat.length / $shape[0];
  return Array.from({ length: $shape[0] }, (_, row) => flat.slice(row * wide, (row + 1) * wide));
}

function listed(value) {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

/** How the numbers of a series are written in a tooltip: as said, else as its axis writes them, but in full. */
function writer(option, series, lang) {
  const said = series.tooltip?.valueFormatter;
  if (said?.$fn) return named(said.$fn, lang, said);
  const axes = [...listed(option.yAxis), ...listed(option.xAxis)];
  const label = axes.find((axis) => axis.type === "value" && axis.axisLabel?.formatter?.$fn)?.axisLabel.formatter;
  if (!label) return (value) => plainNumber(value, lang);
  const exact = EXACT[label.$fn] ?? label.$fn;
  if (exact === "percent1") return (value) => percent(value, { digits: 1, lang });
  return exact === "number" ? (value) => plainNumber(value, lang) : named(exact, lang, label);
}

function plainNumber(value, lang) {
  if (typeof value === "string" && Number.isNaN(Number(value))) return value;
  const size = Math.abs(value);
  return number(value, { digits: Number.isInteger(value) || size >= 1000 ? 0 : size >= 10 ? 1 : 2, lang });
}

function pointValue(point) {
  const value = point.value;
  if (!Array.isArray(value)) return value !== null && typeof value === "object" ? value.value : value;
  const place = point.encode?.value?.[0] ?? point.encode?.y?.[0] ?? value.length - 1;
  return typeof value[place] === "number" ? value[place] : value.at(-1);
}

function marker(colour) {
  return h("span", { class: "ps-tip-dot", style: { background: typeof colour === "string" ? colour : "currentColor" } });
}

function lines(points, write) {
  return points.map((point) =>
    h(
      "div",
      { class: "ps-tip-row" },
      marker(point.color),
      h("span", { class: "ps-tip-name", text: point.seriesName?.startsWith("series\u0000") ? "" : point.seriesName }),
      h("span", { class: "ps-tip-value", text: write(point) }),
    ),
  );
}

/** A tooltip made of elements, so that a name is never taken for markup. */
function tip(option, lang) {
  const writers = listed(option.series).map((series) => writer(option, series, lang));
  const quiet = listed(option.series).map((series) => series.tooltip?.show === false);
  const write = (point) => (writers[point.seriesIndex] ?? ((value) => plainNumber(value, lang)))(pointValue(point));
  return (told) => {
    const points = listed(told).filter((point) => !quiet[point.seriesIndex] && pointValue(point) !== null && pointValue(point) !== "-");
    if (points.length === 0) return "";
    const head = Array.isArray(told) ? (told[0].axisValueLabel ?? told[0].name) : told.name;
    if (!Array.isArray(told) && told.dataType === "edge") return h("div", { class: "ps-tip" }, `${told.data.source} → ${told.data.target}: `, write(told));
    return h("div", { class: "ps-tip" }, h("div", { class: "ps-tip-head", text: head }), ...lines(points, write));
  };
}

/** The largest size of the series on an axis; an entry is a number, a list of coordinates, or {value} of either. */
function most(option, numbers, side, axis) {
  const own = listed(option.series).filter((series) => (series[`${side}AxisIndex`] ?? 0) === axis);
  const entries = own.map((series) => numbers.series[series.id] ?? series.data ?? []);
  const sizes = entries.flatMap((data) => (Array.isArray(data) ? data : (data.data ?? [])).map((entry) => {
    const value = entry !== null && typeof entry === "object" && !Array.isArray(entry) ? entry.value : entry;
    const size = Array.isArray(value) ? value[side === "x" ? 0 : 1] : value;
    return typeof size === "number" ? Math.abs(size) : 0;
  }));
  return sizes.reduce((largest, size) => Math.max(largest, size), 0);
}

/** One unit for all labels of an axis; its name as far from them as their size asks for. */
function withMost(option, numbers, enlarged) {
  const told = {};
  for (const side of ["x", "y"]) {
    const fit = (asked, place = 0) => {
      const axis = asked.nameGap ? { ...asked, nameGap: asked.nameGap * enlarged } : asked;
      const formatter = axis.axisLabel?.formatter;
      if (axis.type !== "value" || !formatter?.$fn) return axis;
      // asked anew with every label: numbers may have changed since the axis was made
      const ready = Object.defineProperty({ ...formatter }, "most", { enumerable: true, get: () => most(option, numbers, side, place) });
      return { ...axis, axisLabel: { ...axis.axisLabel, formatter: ready } };
    };
    const axis = option[`${side}Axis`];
    if (axis) told[`${side}Axis`] = Array.isArray(axis) ? axis.map(fit) : fit(axis);
  }
  return { ...option, ...told };
}

/** Lines that a legend takes when it wraps. */
export function legendLines(names, room, size) {
  let [lines, used] = [1, 0];
  for (const name of names) {
    // symbol, gaps, and letters about half as wide as high
    const wide = 2.5 * size + columns(name) * 0.54 * size;
    if (used > 0 && used + wide > room) [lines, used] = [lines + 1, 0];
    used += wide;
  }
  return lines;
}

/** A legend of a few lines is shown whole, the plot below it a little lower; one of many is paged. */
function withLegend(ready, { enlarged, width }) {
  const { legend, grid } = ready;
  if (!legend || legend.top === undefined || !grid || Array.isArray(grid) || !width) return;
  const size = 12.5 * enlarged;
  const entries = legend.data ?? ready.series.map((series) => series.name).filter(Boolean);
  const lines = legendLines(entries.map((entry) => entry.name ?? entry), width - 2 * size, size);
  if (lines === 1 || lines > MOST_LINES) return;
  ready.legend = { ...legend, type: "plain" };
  ready.grid = { ...grid, top: (grid.top ?? 0) + (lines - 1) * (size + 12) };
}

/** Names of axes stand outside the labels: larger ones take more of the margin. */
function withRoom(ready, enlarged) {
  if (enlarged === 1) return;
  for (const series of ready.series ?? []) {
    // what stands beside the last nodes of flows has no grid that makes room for it
    if (series.type !== "sankey") continue;
    const { width, fontSize, lineHeight, ...label } = series.label;
    series.right *= enlarged;
    series.label = { ...label, width: width * enlarged, fontSize: fontSize * enlarged, lineHeight: lineHeight * enlarged };
  }
  if (!ready.grid || Array.isArray(ready.grid)) return;
  const wider = Object.entries(ready.grid).map(([side, room]) => [side, typeof room === "number" ? room * enlarged : room]);
  ready.grid = Object.fromEntries(wider);
}

/** Bands that are pale on white would be lost on a dark page. */
function withBands(series, dark) {
  const opacity = series.areaStyle?.opacity;
  if (!dark || !opacity) return series;
  const stronger = { opacity: Math.min(0.8, opacity * 2) };
  return { ...series, areaStyle: { ...series.areaStyle, ...stronger }, itemStyle: { ...series.itemStyle, ...stronger } };
}

/** The whole option with numbers in place, ready to be drawn on a page of a language, look and width. */
export function wholeOption(option, numbers, { lang, enlarged = 1, dark = false, width = 0 }) {
  const ready = resolve(withMost(option, numbers, enlarged), lang);
  ready.series = listed(ready.series).map((series) => ({ ...withBands(series, dark), ...seriesData(numbers.series[series.id]) }));
  withRoom(ready, enlarged);
  withLegend(ready, { enlarged, width });
  Object.assign(ready, axisData(ready, numbers.axes));
  ready.tooltip = { confine: true, ...ready.tooltip };
  const asked = option.tooltip?.formatter;
  if (!asked || asked.$fn === "axis_table") ready.tooltip.formatter = tip(option, lang);
  ready.animationDuration ??= 0;
  ready.animationDurationUpdate ??= 160;
  ready.animationEasingUpdate ??= "cubicOut";
  ready.animationThreshold ??= 600;
  return ready;
}

/** Only what changed, to be merged into what is drawn. */
export function partOption(option, numbers) {
  const part = { series: Object.entries(numbers.series).map(([id, data]) => ({ id, ...seriesData(data) })) };
  for (const [side, names] of Object.entries(numbers.axes)) {
    const key = `${side}Axis`;
    part[key] = Array.isArray(option[key]) ? [{ data: names }] : { data: names };
  }
  return part;
}

function seriesData(data) {
  if (data === undefined || data === null) return {};
  return Array.isArray(data) ? { data } : data;
}

function axisData(option, axes) {
  const told = {};
  for (const [side, names] of Object.entries(axes)) {
    const key = `${side}Axis`;
    const axis = option[key];
    told[key] = Array.isArray(axis) ? axis.map((one, place) => (place === 0 ? { ...one, data: names } : one)) : { ...axis, data: names };
  }
  return told;
}
