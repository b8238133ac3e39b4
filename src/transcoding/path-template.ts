/** A syntax error in a path template, and where it is. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
  readonly reason: string;
  /** Counted from 1. */
  readonly column: number;

  constructor(reason: string, column: number) {
    super(`column ${column}: ${reason}`);
    this.reason = reason;
    this.column = column;
  }
}

/** A segment of literal text. */
export interface LiteralSegment {
  readonly kind: "literal";
  /** The text as the template spells it, percent-encoded: `"a%20b"`. */
  readonly raw: string;
  /** The decoded text: `"a b"`. */
  readonly text: string;
  readonly column: number;
}

/** `*`: one segment. */
export interface AnySegment {
  readonly kind: "*";
  readonly column: number;
}

/** `**`: one or more segments. */
export interface RestSegments {
  readonly kind: "**";
  readonly column: number;
}

export type Segment = LiteralSegment | AnySegment | RestSegments;

/** A variable, for instance `{shelf.name=shelves/*}`. */
export interface TemplateVariable {
  readonly kind: "variable";
  /** The field path as the template spells it: `"shelf.name"`. */
  readonly name: string;
  /** Never empty: `{id}` is `{id=*}`. */
  readonly segments: readonly Segment[];
  /** The column of the name. */
  readonly column: number;
}

/** The parsed `path` of an http rule. Columns count from 1. */
export interface PathTemplate {
  /** The template as the rule spells it. */
  readonly text: string;
  readonly parts: readonly (Segment | TemplateVariable)[];
  /** The text after the `:`, as the template spells it. */
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
 * The grammar does not define LITERAL. Here it is a path segment of RFC 3986, including percent-encoded text, but without
 * `*` and, outside of the verb, without `:`. The text below the grammar forbids a variable inside a variable, and `**`
 * anywhere but at the end. This parser accepts one `**` in any place, as grpc-gateway does, because Google's own rules
 * have it in the middle (`/v1test2/{parent=**}/botSessions`). A name can be used only once.
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
      // With two of them, a path could match in more than one way.
      if (this.#hasRest) throw this.#error('"**" is used twice', column);
      this.#hasRest = true;
      return Object.freeze({ kind: "**", column });
    }
    if (this.#peek() === "{") throw this.#error("a variable cannot be inside a variable");
    const raw = this.#literal("a segment", segmentCharacter);
    const text = decodeURIComponent(raw);
    if (text === "." || text === "..") {
      throw this.#error(`"${raw}" cannot be a segment: URL normalization would remove it`, column);
    }
    return Object.freeze({ kind: "literal", raw, text, column });
  }

  #variable(): TemplateVariable {
    this.#expect("{");
    const column = this.#column();
    const name = this.#fieldPath();
    if (this.#names.has(name)) throw this.#error(`{${name}} is used twice`, column);
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
    // The value "a/b" has two segments, and "a%2Fb" is sent as "a%252Fb": neither matches the segment "a%2Fb".
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
      throw this.#isIllegal() ? this.#unexpected() : this.#error(`expected ${what}, got ${this.#got()}`);
    }
    return this.#text.slice(start, this.#at);
  }

  /** Validates consecutive escapes together, because they form one UTF-8 text (RFC 3986, section 2.5). */
  #escapes(): void {
    const run = /^(?:%[0-9A-Fa-f]{2})+/.exec(this.#text.slice(this.#at))?.[0];
    if (run === undefined)
      throw this.#error(`"${this.#text.slice(this.#at, this.#at + 3)}" is not a valid escape`);
    try {
      decodeURIComponent(run);
    } catch {
      throw this.#error(`"${run}" is not UTF-8`);
    }
    this.#at += run.length;
  }

  #expect(character: string): void {
    if (!this.#accept(character)) {
      throw this.#isIllegal()
        ? this.#unexpected()
        : this.#error(`expected "${character}", got ${this.#got()}`);
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

  /** Whether the next character is not allowed anywhere in a template. */
  #isIllegal(): boolean {
    return this.#at < this.#text.length && illegalCharacter.test(this.#got());
  }

  #got(): string {
    if (this.#at >= this.#text.length) return "the end";
    return `"${String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0)}"`;
  }

  #unexpected(): TemplateError {
    const must = this.#isIllegal() ? ", which has to be percent-encoded" : "";
    return this.#error(`unexpected ${this.#got()}${must}`);
  }

  #error(reason: string, column = this.#column()): TemplateError {
    return new TemplateError(reason, column);
  }

  #column(): number {
    return this.#at + 1;
  }
}

// pchar of RFC 3986, without the characters that have a meaning in a template.
const segmentCharacter = /^[A-Za-z0-9\-._~!$&'()+,;=@]$/;
const verbCharacter = /^[A-Za-z0-9\-._~!$&'()+,;=@:]$/;
const illegalCharacter = /^"[^A-Za-z0-9\-._~!$&'()+,;=@:*/{}%]"$/u;
const identifierStart = /^[A-Za-z_]$/;
const identifierPart = /^[A-Za-z0-9_]$/;

function anySegment(column: number): AnySegment {
  return Object.freeze({ kind: "*", column });
}
