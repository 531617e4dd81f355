// How charts look on a light and on a dark page, at normal size and enlarged for a projector.
const FONT = 'system-ui, -apple-system, "Segoe UI", "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", sans-serif';
export const PALETTE = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#8A8F98"];
const LIGHT = { text: "#1d2733", soft: "#5a6675", line: "#c9d1da", split: "#e9edf2", surface: "#ffffff", raised: "#ffffff" };
const DARK = { text: "#e8edf3", soft: "#a3afbd", line: "#465364", split: "#2b3644", surface: "#18212c", raised: "#222d3a" };

function axis(tones, size) {
  return {
    axisLine: { lineStyle: { color: tones.line } },
    axisTick: { lineStyle: { color: tones.line } },
    axisLabel: { color: tones.soft, fontSize: size, hideOverlap: true },
    nameTextStyle: { color: tones.soft, fontSize: size },
    splitLine: { lineStyle: { color: tones.split } },
    splitArea: { show: false },
  };
}

export function colours(dark) {
  return dark ? DARK : LIGHT;
}

export function theme(dark, scale) {
  const tones = colours(dark);
  const size = Math.round(12.5 * scale);
  const label = { color: tones.text, fontSize: size, textBorderWidth: 0 };
  const common = axis(tones, size);
  return {
    color: PALETTE,
    darkMode: dark,
    backgroundColor: "transparent",
    textStyle: { fontFamily: FONT, fontSize: size, color: tones.text },
    categoryAxis: { ...common, splitLine: { show: false } },
    valueAxis: { ...common, axisLine: { show: false }, axisTick: { show: false } },
    logAxis: common,
    timeAxis: common,
    parallel: { parallelAxisDefault: common },
    legend: {
      textStyle: { color: tones.soft, fontSize: size },
      pageTextStyle: { color: tones.soft },
      pageIconColor: tones.soft,
      pageIconInactiveColor: tones.line,
      inactiveColor: tones.line,
      itemWidth: 16 * scale,
      itemHeight: 10 * scale,
    },
    tooltip: {
      backgroundColor: tones.raised,
      borderColor: tones.line,
      borderWidth: 1,
      padding: [8, 12],
      textStyle: { color: tones.text, fontSize: size, fontFamily: FONT },
      extraCssText: "box-shadow:0 6px 24px rgba(10,20,35,.16);border-radius:8px;max-width:420px;white-space:normal",
      axisPointer: { lineStyle: { color: tones.soft, width: 1 }, shadowStyle: { color: dark ? "rgba(255,255,255,.06)" : "rgba(20,40,70,.06)" } },
    },
    visualMap: { textStyle: { color: tones.soft, fontSize: size } },
    dataZoom: { textStyle: { color: tones.soft } },
    bar: { label, itemStyle: { borderRadius: 2 } },
    line: { label, symbolSize: 6 * scale, lineStyle: { width: 2 * scale } },
    scatter: { label },
    heatmap: { label: { fontSize: size } },
    sankey: { label: { ...label, fontSize: Math.round(0.88 * size) }, lineStyle: { color: "source", opacity: dark ? 0.4 : 0.28 } },
    treemap: { label: { fontSize: size }, breadcrumb: { itemStyle: { color: tones.split, textStyle: { color: tones.text } } } },
    sunburst: { label: { fontSize: size } },
    markLine: { label },
    markPoint: { label: { fontSize: size } },
  };
}
