import type { Result } from "./measure.ts";
import { type Figure, ratioOf } from "./statistics.ts";
import type { WayName } from "./ways/all.ts";

export const BARE: WayName = "bare dispatch";
export const HAND_WRITTEN: WayName = "undici.request + JSON (hand-written)";

/** Formats the results with this number of calls in flight as a Markdown table. */
export function tableOf(results: readonly Result[], inFlight: number): string {
  const rows = results.filter((result) => result.inFlight === inFlight);
  const bare = rows.find(({ way }) => way === BARE);
  const hand = rows.find(({ way }) => way === HAND_WRITTEN);
  const lines = rows
    .toSorted((a, b) => a.cpu.median - b.cpu.median)
    .map((row) =>
      [
        "",
        row.way,
        withRange(row.cpu, 1),
        ratio(row.cpu, bare?.cpu),
        withRange(row.perSecond, 0),
        ratio(row.perSecond, hand?.perSecond),
        row.p50.median.toFixed(2),
        withRange(row.p99, 2),
        `${((100 * row.serverCpu.median) / (row.serverCpu.median + row.cpu.median)).toFixed(0)} %`,
        `${row.bytesSent.toFixed(0)} / ${row.bytesReceived.toFixed(0)}`,
        "",
      ]
        .join(" | ")
        .trim(),
    );
  return [
    `${inFlight} in flight`,
    "",
    "| way | CPU µs per call (min–max) | ÷ bare | calls/s (min–max) | ÷ hand-written | p50 ms | p99 ms (min–max) | server's share of CPU | bytes out / in |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ...lines,
  ].join("\n");
}

function withRange({ median, min, max }: Figure, digits: number): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}

function ratio(figure: Figure, of: Figure | undefined): string {
  return of === undefined ? "–" : ratioOf(figure, of).toFixed(2);
}

interface Target {
  readonly title: string;
  readonly value: number;
  readonly isMet: boolean;
}

/** The targets of the project with 32 calls in flight, with the results. */
export function targetsOf(results: readonly Result[]): string {
  const of = (name: WayName) => results.find(({ way, inFlight }) => way === name && inFlight === 32);
  const ours = of("bytenite-jobs, binary");
  const json = of("bytenite-jobs, JSON");
  const targets: Target[] = [];
  const most = (title: string, value: number | undefined, limit: number) => {
    if (value !== undefined) targets.push({ title: `${title} ≤ ${limit}`, value, isMet: value <= limit });
  };
  const least = (title: string, value: number | undefined, limit: number) => {
    if (value !== undefined) targets.push({ title: `${title} ≥ ${limit}`, value, isMet: value >= limit });
  };
  const over = (key: "cpu" | "perSecond" | "p99", a: Result | undefined, b: Result | undefined) =>
    a && b && ratioOf(a[key], b[key]);
  most("CPU ÷ bare dispatch", over("cpu", ours, of(BARE)), 1.15);
  least("calls/s ÷ hand-written", over("perSecond", ours, of(HAND_WRITTEN)), 1.3);
  least("calls/s ÷ grpc-js", over("perSecond", ours, of("@grpc/grpc-js")), 4);
  least("calls/s ÷ connect-node over HTTP/1.1", over("perSecond", ours, of("connect-node, HTTP/1.1")), 8);
  most("p99 ÷ hand-written", over("p99", ours, of(HAND_WRITTEN)), 1);
  most("JSON: CPU ÷ hand-written", over("cpu", json, of(HAND_WRITTEN)), 0.85);
  return targets
    .map(({ title, value, isMet }) => `${isMet ? "met    " : "not met"}  ${title}: ${value.toFixed(2)}`)
    .join("\n");
}
