import { Random } from "./random.ts";

/** A stream of books, how its bytes come, and how it ends. */
export interface FuzzedStream {
  readonly contentType: string;
  /** The body in the parts in which it comes. */
  readonly parts: readonly Uint8Array[];
  /**
   * - `complete`: with the end of the body
   * - `lost`: the connection is lost
   * - `close`: only the end of the connection ends the body
   */
  readonly end: "complete" | "lost" | "close";
  /** The messages that have come whole, each as its title and ISBN. */
  readonly messages: readonly string[];
  /** How the stream has to end. A mutated stream may end in any way, and have other messages. */
  readonly result: "end" | "server's error" | "error" | "any";
}

const forms = ["gateway", "bare", "array", "events"] as const;

/** Returns stream number `i` of the run with this seed, always the same one. */
export function fuzzedStream(seed: number, i: number): FuzzedStream {
  const random = new Random(Math.imul(seed, 0x9e3779b1) + i);
  random.below(1);
  const form = random.pick(forms);
  const isEnveloped = form === "gateway" || (form === "events" && random.chance(0.5));
  const hasError = form !== "bare" && random.chance(0.2);
  const messages: string[] = [];
  /** How long the body is with each message, from where on it is whole. */
  const wholeAt: number[] = [];
  let body = form === "array" ? `${space(random)}[${space(random)}` : "";
  const count = random.below(7);
  for (let n = 0; n < count; n++) {
    const title = random.text(random.chance(0.05) ? 3_000 : 12);
    const isbn = random.chance(0.2)
      ? BigInt(random.below(2 ** 31)) * 2n ** 31n + 1n
      : BigInt(random.below(99));
    const message = bookJson(random, title, isbn);
    const json = isEnveloped ? `{${space(random)}"result":${space(random)}${message}}` : message;
    if (form === "array" && n > 0) body += `,${space(random)}`;
    body += form === "events" ? event(random, json) : json;
    wholeAt.push(wholeLength(body));
    messages.push(`${title} ${isbn}`);
    if (form !== "events")
      body += form === "array" ? space(random) : random.pick(["\n", "\r\n", "", "\n\n", " "]);
  }
  const error = `{"error":{"code":9,"message":${JSON.stringify(random.text(9))},"details":[]}}`;
  if (hasError) {
    if (form === "array" && count > 0) body += ",";
    body += form === "events" ? event(random, error) : error;
  }
  const errorAt = hasError ? wholeLength(body) : Number.POSITIVE_INFINITY;
  if (form === "array") body += `]${space(random)}`;
  const bytes = Buffer.from(body);
  const closedAt = form === "array" ? body.lastIndexOf("]") + 1 - body.length + bytes.length : 0;
  const base = { contentType: form === "events" ? "text/event-stream" : "application/json" };
  if (random.chance(0.15) && bytes.length > 0) {
    const parts = cut(random, mutated(random, bytes));
    return { ...base, parts, end: random.pick(["complete", "lost", "close"]), messages, result: "any" };
  }
  const end = random.chance(0.2) ? random.pick(["lost", "close"] as const) : "complete";
  const cutAt = random.chance(0.3) ? random.below(bytes.length + 1) : bytes.length;
  const parts = cut(random, bytes.subarray(0, cutAt));
  const come = messages.filter((_, n) => (wholeAt[n] as number) <= cutAt);
  return { ...base, parts, end, messages: come, result: resultOf() };

  function resultOf(): FuzzedStream["result"] {
    if (errorAt <= cutAt) return "server's error";
    if (end === "lost") return "error";
    if (form === "array") {
      // A body that is cut before its bracket is empty.
      if (cutAt >= closedAt) return "end";
      return end === "complete" && body.slice(0, cutAt).trim() === "" ? "end" : "error";
    }
    if (end === "close") return "error";
    // Between two messages, a clean end is one.
    const starts = [0, ...wholeAt];
    const last = starts.findLast((at) => at <= cutAt) as number;
    const rest = bytes.subarray(last, cutAt).toString();
    if (rest.trim() === "") return "end";
    return form === "events" ? "any" : "error";
  }
}

/** Where the last message is whole: of CR LF, the CR ends the line. */
function wholeLength(body: string): number {
  return Buffer.byteLength(body) - (body.endsWith("\r\n") ? 1 : 0);
}

function bookJson(random: Random, title: string, isbn: bigint): string {
  const text = random.chance(0.3) ? asciiJson(title) : JSON.stringify(title);
  const fields = [`"title":${space(random)}${text}`, `"isbn":${random.chance(0.5) ? `"${isbn}"` : isbn}`];
  if (random.chance(0.3)) fields.push(`"later": {"a": [1, {"b": "}]"}]}`);
  return `{${space(random)}${random.chance(0.5) ? fields.join(",") : fields.reverse().join(`,${space(random)}`)}}`;
}

/** JSON whose characters beyond ASCII are escaped. */
function asciiJson(text: string): string {
  return JSON.stringify(text).replace(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Whitespace that may stand anywhere between tokens. */
function space(random: Random): string {
  return random.chance(0.8) ? "" : random.pick([" ", "\n", "\r\n", "\t", "  \n "]);
}

/** An event whose data is this JSON, perhaps over several lines. */
function event(random: Random, json: string): string {
  const newline = random.pick(["\n", "\r\n", "\r"]);
  const lines = json.split(/\r\n|\n|\r/).map((line) => `data:${random.pick(["", " "])}${line}`);
  const other = random.chance(0.3) ? [random.pick([": comment", "id: 1", "event: x", "retry: 5"])] : [];
  return [...other, ...lines, "", ""].join(newline);
}

/** Parts of random lengths. */
function cut(random: Random, bytes: Uint8Array): Uint8Array[] {
  const longest = random.pick([1, 7, 60, 5_000]);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + random.below(longest);
    parts.push(bytes.subarray(at, at + length));
    at += length;
  }
  return parts;
}

function mutated(random: Random, bytes: Uint8Array): Uint8Array {
  const out = Buffer.from(bytes);
  const at = random.below(out.length);
  switch (random.below(3)) {
    case 0:
      out[at] = random.below(256);
      return out;
    case 1:
      return Buffer.concat([out.subarray(0, at), out.subarray(at + 1 + random.below(4))]);
    default:
      return Buffer.concat([out.subarray(0, at), random.bytes(1 + random.below(4)), out.subarray(at)]);
  }
}
