import type { Result } from "./measure.ts";
import { BARE } from "./report.ts";
import { ratioOf } from "./statistics.ts";

const WIDTH = 760;
const LABELS = 270;
const ROW = 30;
const TOP = 46;

/** Draws the CPU per call as bars, with the range of the rounds, for light and dark pages. */
export function chartOf(results: readonly Result[], inFlight: number, caption: string): string {
  const rows = results
    .filter((result) => result.inFlight === inFlight)
    .toSorted((a, b) => a.cpu.median - b.cpu.median);
  const bare = rows.find(({ way }) => way === BARE)?.cpu;
  const scale = (WIDTH - LABELS - 110) / Math.max(...rows.map(({ cpu }) => cpu.max));
  const height = TOP + rows.length * ROW + 34;
  const bars = rows.map(({ way, cpu }, i) => {
    const y = TOP + i * ROW;
    const end = LABELS + cpu.median * scale;
    const middle = y + ROW / 2;
    const kind = way.startsWith("bytenite-jobs") ? "ours" : "other";
    return [
      `<text x="${LABELS - 10}" y="${middle}" class="name">${escaped(way)}</text>`,
      `<rect x="${LABELS}" y="${y + 5}" width="${(cpu.median * scale).toFixed(1)}" height="${ROW - 10}" rx="2" class="${kind}"/>`,
      `<path d="M${(LABELS + cpu.min * scale).toFixed(1)} ${middle}H${(LABELS + cpu.max * scale).toFixed(1)}" class="range"/>`,
      `<text x="${(Math.max(end, LABELS + cpu.max * scale) + 8).toFixed(1)}" y="${middle}">${cpu.median.toFixed(1)} µs${bare ? ` · ${ratioOf(cpu, bare).toFixed(2)}×` : ""}</text>`,
    ].join("\n");
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="CPU per call">
<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328; dominant-baseline: central }
.name { text-anchor: end } .title { font-weight: 600; font-size: 15px } .small { font-size: 11px; fill: #59636e }
.ours { fill: #2f81f7 } .other { fill: #8c959f } .range { stroke: #d1242f; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .small { fill: #9198a1 } .other { fill: #6e7681 } }
</style>
<text x="10" y="20" class="title">CPU of the client for one small call, ${inFlight} in flight (less is better)</text>
${bars.join("\n")}
<text x="10" y="${height - 16}" class="small">${escaped(caption)}</text>
</svg>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);
}
