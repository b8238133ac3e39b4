import type { GatewaySettings } from "./gateway.ts";
import { type GoProcess, startGoProcess } from "./go-process.ts";

/** The first line of the process. */
export interface ReadyLine {
  readonly origin: string;
  readonly controlUrl: string;
  readonly accessToken: string;
  readonly certificate: string | undefined;
}

/** Starts the gateway, and waits until it serves. */
export function startGatewayProcess(settings: GatewaySettings): Promise<GoProcess<ReadyLine>> {
  return startGoProcess(`bin/gateway-${settings.numbers ?? "ours"}`, flagsOf(settings));
}

function flagsOf(settings: GatewaySettings): string[] {
  const flags: string[] = [];
  if (settings.encodings === "json") {
    flags.push("-json-only");
  }
  if (settings.binaryContentType !== undefined) {
    flags.push(`-binary-content-type=${settings.binaryContentType}`);
  }
  if (settings.unescaping !== undefined) {
    flags.push(`-unescaping=${settings.unescaping}`);
  }
  if (settings.tls === true) {
    flags.push("-tls", `-http2=${settings.http2 ?? true}`);
  }
  if (settings.errors === "generic-response") {
    flags.push("-generic-response-errors");
  }
  if (settings.metadata === "dropped") {
    flags.push("-drop-metadata");
  }
  if (settings.framing !== undefined) {
    flags.push(`-framing=${settings.framing}`);
  }
  return flags;
}
