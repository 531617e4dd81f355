// The chart library with only the parts that charts of povsim use, in English and Chinese.
import * as echarts from "echarts/core";
import {
  BarChart, BoxplotChart, CustomChart, HeatmapChart, LineChart, ParallelChart, SankeyChart, ScatterChart,
} from "echarts/charts";
import {
  AriaComponent, DatasetComponent, DataZoomComponent, GraphicComponent, GridComponent, LegendComponent,
  MarkAreaComponent, MarkLineComponent, MarkPointComponent, ParallelComponent, TitleComponent, ToolboxComponent,
  TooltipComponent, VisualMapComponent,
} from "echarts/components";
import { LabelLayout } from "echarts/features";
import { CanvasRenderer } from "echarts/renderers";
// The package exports no path to the translations as modules.
import langZH from "./node_modules/echarts/lib/i18n/langZH.js";

echarts.use([
  BarChart, BoxplotChart, CustomChart, HeatmapChart, LineChart, ParallelChart, SankeyChart, ScatterChart,
  AriaComponent, DatasetComponent, DataZoomComponent, GraphicComponent, GridComponent, LegendComponent,
  MarkAreaComponent, MarkLineComponent, MarkPointComponent, ParallelComponent, TitleComponent, ToolboxComponent,
  TooltipComponent, VisualMapComponent,
  LabelLayout,
  CanvasRenderer,
]);
echarts.registerLocale("ZH", langZH);

// A page that holds the library as an inline script cannot import it by name.
globalThis.povsimECharts = echarts;

export * from "echarts/core";
export default echarts;
