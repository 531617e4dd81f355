// The chart library: a static file of the site, fetched once; in JupyterLab, asked from the kernel once.
import { siteConfig } from "./heartbeat.js";

export function chartLibrary(stage) {
  return (globalThis.povsimCharts ??= load(stage).catch((error) => {
    globalThis.povsimCharts = undefined;
    throw error;
  }));
}

async function load(stage) {
  if (globalThis.povsimECharts?.init) return globalThis.povsimECharts;
  const config = siteConfig();
  const found = config.kernelId ? await fromSite(config.baseUrl, stage.model.get("echarts")) : null;
  const module = found ?? (await fromKernel(stage.model));
  return module.init ? module : module.default;
}

async function fromSite(base, path) {
  if (!path) return null;
  try {
    return await import(new URL(base + path, location.origin).href);
  } catch {
    return null;
  }
}

async function fromKernel(model) {
  const packed = await new Promise((done, fail) => {
    const hear = (message, buffers) => {
      if (message.kind !== "echarts") return;
      model.off("msg:custom", hear);
      done(buffers[0]);
    };
    model.on("msg:custom", hear);
    setTimeout(() => fail(new Error("the chart library did not come")), 20_000);
    model.send({ kind: "echarts" });
  });
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const text = await new Response(stream).text();
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  return import(url);
}
