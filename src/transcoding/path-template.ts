import { TemplateError } from "./template-error.ts";

/** Text that stands in the path as it is. */
export interface LiteralSegment {
  readonly kind: "literal";
  /** As the template spells it: percent-encoded where a URL needs it, `"a%20b"`. */
  readonly raw: string;
  /** What it stands for: `"a b"`. */
  readonly text: string;
  readonly column: number;
}

/** `*`: one segment. */
export interface AnySegment {
  readonly kind: "*";
  readonly column: number;
}

/** `**`: one segment or more. */
export interface RestSegments {
  readonly kind: "**";
  readonly column: number;
}

export type Segment = LiteralSegment | AnySegment | RestSegments;

/** `{shelf.name=shelves/*}`. */
export interface TemplateVariable {
  readonly kind: "variable";
  /** As the template spells it: `"shelf.name"`. */
  readonly name: string;
  /** Never empty: `{id}` is `{id=*}`. */
  readonly segments: readonly Segment[];
  /** Where the name begins. */
  readonly column: number;
}

/** The `path` of an http rule, parsed. Columns count from 1. */
export interface PathTemplate {
  /** As the rule spells it. */
  readonly text: string;
  readonly parts: readonly (Segment | TemplateVariable)[];
  /** What follows the `:`, as the template spells it. */
  readonly verb: string | undefined;
}

/**
 * Parses a path template by the grammar of google/api/http.proto:
 *
 * ```
 * Template  = "/" Segments [ Verb ] ;
 * Segments  = Segment { "/" Segment } ;
 * Segment   = "*" | "**" | LITERAL | Variable ;
 * Variable  = "{" FieldPath [ "=" Segments ] "}" ;
 * FieldPath = IDENT { "." IDENT } ;
 * Verb      = ":" LITERAL ;
 * ```
 *
 * The grammar leaves LITERAL open. Here it is what RFC 3986 lets stand in a path segment, percent-encoded
 * text included, without `*` and, outside of the verb, without `:`. The text below the grammar adds: no
 * variable within a variable. It wants `**` at the end; here it may stand anywhere, but only once, because Google's own
 * rules have it in the middle (`/v1test2/{parent=**}/botSessions`), and grpc-gateway takes them. A name may stand only
 * once, too.
 *
 * @throws {@link TemplateError}
 */
export function parsePathTemplate(text: string): PathTemplate {
  return new Parser(text).template();
}

class Parser {
  readonly #text: string;
  readonly #names = new Set<string>();
  #at = 0;
  #hasRest = false;

  constructor(text: string) {
    this.#text = text;
  }

  template(): PathTemplate {
    this.#expect("/");
    const parts = [this.#part()];
    while (this.#accept("/")) parts.push(this.#part());
    const verb = this.#accept(":") ? this.#literal("a verb", verbCharacter) : undefined;
    if (this.#at < this.#text.length) throw this.#unexpected();
    return Object.freeze({ text: this.#text, parts: Object.freeze(parts), verb });
  }

  #part(): Segment | TemplateVariable {
    return this.#peek() === "{" ? this.#variable() : this.#segment();
  }

  #segment(): Segment {
    const column = this.#column();
    if (this.#accept("*")) {
      if (!this.#accept("*")) return anySegment(column);
      // With two, a path could be divided in more than one way.
      if (this.#hasRest) throw this.#error('"**" stands here for the second time', column);
      this.#hasRest = true;
      return Object.freeze({ kind: "**", column });
    }
    if (this.#peek() === "{") throw this.#error("a variable cannot stand inside a variable");
    const raw = this.#literal("a segment", segmentCharacter);
    const text = decodeURIComponent(raw);
    if (text === "." || text === "..") {
      throw this.#error(`"${raw}" is no segment: on its way it would be taken out of the path`, column);
    }
    return Object.freeze({ kind: "literal", raw, text, column });
  }

  #variable(): TemplateVariable {
    this.#expect("{");
    const column = this.#column();
    const name = this.#fieldPath();
    if (this.#names.has(name)) throw this.#error(`{${name}} stands here for the second time`, column);
    this.#names.add(name);
    const segments = this.#accept("=") ? this.#segments() : [anySegment(column)];
    this.#expect("}");
    return Object.freeze({ kind: "variable", name, segments: Object.freeze(segments), column });
  }

  #segments(): Segment[] {
    const segments = [this.#variableSegment()];
    while (this.#accept("/")) segments.push(this.#variableSegment());
    return segments;
  }

  #variableSegment(): Segment {
    const segment = this.#segment();
    // The value "a/b" is two segments, and the value "a%2Fb" is sent as "a%252Fb": neither is "a%2Fb".
    if (segment.kind === "literal" && segment.text.includes("/")) {
      throw this.#error(`no value can match "${segment.raw}"`, segment.column);
    }
    return segment;
  }

  #fieldPath(): string {
    const start = this.#at;
    do {
      if (!identifierStart.test(this.#peek())) throw this.#error(`expected a field name, got ${this.#got()}`);
      while (identifierPart.test(this.#peek())) this.#at++;
    } while (this.#accept("."));
    return this.#text.slice(start, this.#at);
  }

  #literal(what: string, allowed: RegExp): string {
    const start = this.#at;
    for (;;) {
      if (this.#peek() === "%") this.#escapes();
      else if (allowed.test(this.#peek())) this.#at++;
      else break;
    }
    if (this.#at === start) {
      throw this.#isStray() ? this.#unexpected() : this.#error(`expected ${what}, got ${this.#got()}`);
    }
    return this.#text.slice(start, this.#at);
  }

  /** A run of escapes is one piece of UTF-8 (RFC 3986, section 2.5). */
  #escapes(): void {
    const run = /^(?:%[0-9A-Fa-f]{2})+/.exec(this.#text.slice(this.#at))?.[0];
    if (run === undefined) throw this.#error(`"${this.#text.slice(this.#at, this.#at + 3)}" is no escape`);
    try {
      decodeURIComponent(run);
    } catch {
      throw this.#error(`"${run}" is not UTF-8`);
    }
    this.#at += run.length;
  }

  #expect(character: string): void {
    if (!this.#accept(character)) {
      throw this.#isStray() ? this.#unexpected() : this.#error(`expected "${character}", got ${this.#got()}`);
    }
  }

  #accept(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  /** Whether the next character can stand nowhere in a template. */
  #isStray(): boolean {
    return this.#at < this.#text.length && strayCharacter.test(this.#got());
  }

  #got(): string {
    if (this.#at >= this.#text.length) return "the end";
    return `"${String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0)}"`;
  }

  #unexpected(): TemplateError {
    const must = this.#isStray() ? ", which has to be percent-encoded" : "";
    return this.#error(`unexpected ${this.#got()}${must}`);
  }

  #error(reason: string, column = this.#column()): TemplateError {
    return new TemplateError(reason, column);
  }

  #column(): number {
    return this.#at + 1;
  }
}

// pchar of RFC 3986, less what means something in a template.
const segmentCharacter = /^[A-Za-z0-9\-._~!$&'()+,;=@]$/;
const verbCharacter = /^[A-Za-z0-9\-._~!$&'()+,;=@:]$/;
const strayCharacter = /^"[^A-Za-z0-9\-._~!$&'()+,;=@:*/{}%]"$/u;
const identifierStart = /^[A-Za-z_]$/;
const identifierPart = /^[A-Za-z0-9_]$/;

function anySegment(column: number): AnySegment {
  return Object.freeze({ kind: "*", column });
}
