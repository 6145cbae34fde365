// ECharts is large: it is fetched only where there is a chart to draw.
export function drawCharts(root: ParentNode): void {
  const places = root.querySelectorAll<HTMLElement>(".chart[data-source]");
  if (places.length > 0) {
    void import("./charts").then((charts) => charts.draw(places));
  }
}
