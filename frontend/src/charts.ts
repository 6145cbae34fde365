// Bar and line charts from the JSON beside them; the same figures stand in a
// table below each chart.
import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

echarts.use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

interface ChartData {
  kind: "bar" | "line" | "stacked";
  categories: string[];
  unit: string;
  series: { name: string; values: number[] }[];
}

const drawn = new Map<HTMLElement, echarts.ECharts>();

export function draw(places: Iterable<HTMLElement>): void {
  for (const place of places) {
    if (!drawn.has(place)) {
      const chart = echarts.init(place);
      drawn.set(place, chart);
      new ResizeObserver(() => chart.resize()).observe(place);
    }
    paint(place);
  }
}

function paint(place: HTMLElement): void {
  const source = document.getElementById(place.dataset.source ?? "");
  const chart = drawn.get(place);
  if (!source || !chart) {
    return;
  }
  chart.setOption(option(JSON.parse(source.textContent ?? "{}") as ChartData), { notMerge: true });
}

function option(data: ChartData) {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(name).trim();
  const font = getComputedStyle(document.body).fontFamily;
  const ink = token("--ink");
  const muted = token("--muted");
  const line = token("--line");
  const stacked = data.kind === "stacked";
  const last = data.series.length - 1;
  return {
    animation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
    color: [1, 2, 3, 4, 5].map((number) => token(`--chart-${number}`)),
    textStyle: { fontFamily: font, color: muted },
    grid: { left: 8, right: 8, top: data.series.length > 1 ? 56 : 36, bottom: 4, containLabel: true },
    legend: {
      show: data.series.length > 1,
      right: 0,
      top: 0,
      icon: "roundRect",
      itemWidth: 10,
      itemHeight: 10,
      textStyle: { color: ink },
    },
    // The HTML tooltip would need inline styles.
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      backgroundColor: token("--panel"),
      borderColor: line,
      textStyle: { color: ink, fontFamily: font },
    },
    xAxis: {
      type: "category",
      data: data.categories,
      axisTick: { show: false },
      axisLine: { lineStyle: { color: line } },
      axisLabel: { color: muted },
    },
    yAxis: {
      type: "value",
      name: data.unit,
      nameTextStyle: { color: muted, align: "left", padding: [0, 0, 0, -24] },
      axisLabel: { color: muted },
      splitLine: { lineStyle: { color: line, type: "dashed" } },
    },
    series: data.series.map((one, index) => ({
      name: one.name,
      type: data.kind === "line" ? "line" : "bar",
      stack: stacked ? "total" : undefined,
      data: one.values,
      barMaxWidth: 24,
      symbolSize: 6,
      itemStyle: stacked && index !== last ? undefined : { borderRadius: [4, 4, 0, 0] },
    })),
  };
}

document.addEventListener("theme-changed", () => {
  for (const place of drawn.keys()) {
    paint(place);
  }
});
