// A figure to explore: all values of a day at once, a closer look, single lines put aside.
import { BarChart, LineChart } from "echarts/charts";
import {
  AriaComponent,
  DataZoomComponent,
  GridComponent,
  LegendComponent,
  TooltipComponent,
} from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([
  AriaComponent,
  BarChart,
  CanvasRenderer,
  DataZoomComponent,
  GridComponent,
  LegendComponent,
  LineChart,
  TooltipComponent,
]);

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const exact = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const percent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });

/** 12.5 m, as the pages write it. */
const brief = (value) => compact.format(value).replace(/[KMBT]$/, (unit) => ` ${unit.toLowerCase()}`);

/** The colours of the page, in the theme in which it is shown. */
function colours() {
  const probe = document.body.appendChild(document.createElement("span"));
  const of = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const found = {
    accent: of("accent"),
    alert: of("alert"),
    band: of("fan-90"),
    close: of("close"),
    ink: of("ink"),
    muted: of("muted"),
    paper: of("paper"),
    past: of("past"),
    rule: of("rule"),
  };
  probe.remove();
  return found;
}

/** How a line or bar looks, by what it tells. */
function looks(look, colour) {
  const line = (color, type, width = 2) => ({
    type: "line",
    itemStyle: { color },
    lineStyle: { color, type, width },
    symbolSize: 7,
  });
  const bar = (color, stack) => ({ type: "bar", stack, itemStyle: { color }, barMaxWidth: 48 });
  return {
    expected: { ...line(colour.accent, "dashed"), areaStyle: { color: colour.band, opacity: 0.6 } },
    actual: line(colour.ink, "solid"),
    bound: { ...line(colour.muted, "dotted", 1), showSymbol: false },
    came: { ...line(colour.ink, "solid", 0), symbolSize: 9, showAllSymbol: true },
    new: bar(colour.accent, "all"),
    returning: bar(colour.past, "all"),
  }[look];
}

function option(plot) {
  const colour = colours();
  const { fontFamily } = getComputedStyle(document.body);
  const text = { color: colour.muted, fontFamily };
  const format = plot.unit === "share" ? percent : exact;
  return {
    animation: false,
    aria: { enabled: true },
    textStyle: text,
    grid: { left: 64, right: 24, top: 40, bottom: 64 },
    legend: { top: 0, textStyle: { color: colour.ink, fontFamily } },
    // Tooltips of the page's own markup would bring styles that the content policy stops.
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      backgroundColor: colour.paper,
      borderColor: colour.rule,
      textStyle: { color: colour.ink, fontFamily },
      valueFormatter: (value) => (value == null ? "–" : format.format(value)),
    },
    dataZoom: [{ type: "inside" }, { type: "slider", height: 18, bottom: 8, textStyle: text }],
    xAxis: {
      type: "category",
      data: plot.labels,
      axisLabel: text,
      axisLine: { lineStyle: { color: colour.muted } },
    },
    yAxis: {
      type: "value",
      max: plot.unit === "share" ? 1 : undefined,
      axisLabel: {
        ...text,
        formatter: plot.unit === "share" ? (value) => percent.format(value) : brief,
      },
      splitLine: { lineStyle: { color: colour.rule } },
    },
    series: plot.series.map((series) => ({
      name: series.name,
      data: series.values,
      ...looks(series.look, colour),
    })),
  };
}

/** Draws what a plot tells into an element; what is given back lets go of it. */
export function explore(element, plot) {
  const chart = init(element, null, { renderer: "canvas" });
  const draw = () => chart.setOption(option(plot), true);
  const resize = () => chart.resize();
  const theme = matchMedia("(prefers-color-scheme: dark)");
  draw();
  chart.on("click", ({ seriesIndex, dataIndex }) => {
    const address = plot.series[seriesIndex]?.to?.[dataIndex];
    if (address) location.assign(address);
  });
  addEventListener("resize", resize);
  theme.addEventListener("change", draw);
  return () => {
    removeEventListener("resize", resize);
    theme.removeEventListener("change", draw);
    chart.dispose();
  };
}
