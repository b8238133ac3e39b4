import fc from "fast-check";

/** A streamed body, and what it has to be split into. */
export interface Body {
  readonly form: "texts" | "array" | "events";
  readonly bytes: Buffer;
  readonly contentType: string | undefined;

  /** The messages, each with the length of the shortest start of the body that has it. */
  readonly messages: readonly { readonly text: string; readonly wholeAt: number }[];

  /** Where the body may not end: at more bytes than the first and fewer than the second number. */
  readonly unfinished: readonly (readonly [number, number])[];
}

/** The text of a message: objects for the most part, also pretty-printed. */
const message = fc
  .tuple(
    fc.oneof(
      { weight: 4, arbitrary: fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ maxDepth: 3 })) },
      { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
      { weight: 1, arbitrary: fc.string({ unit: "grapheme" }) },
      { weight: 1, arbitrary: fc.constantFrom('\\"', '{"', "]}", "\\", "\u2028", "�", "data: {}\n\n") },
    ),
    fc.constantFrom(undefined, undefined, 1, "\t"),
  )
  .map(([value, indent]) => JSON.stringify(value, undefined, indent));

const messages = fc.array(message, { maxLength: 6 });
const gap = fc.constantFrom("", "", " ", "\n", "\r\n", "\n\n", "\t\r ");
const gaps = fc.array(gap, { minLength: 16, maxLength: 16 });

/** Whether the end of a message shows only by what follows. */
function isScalar(text: string): boolean {
  return !/^["[{]/.test(text);
}

class Writer {
  #body = "";
  readonly messages: { text: string; wholeAt: number }[] = [];
  readonly unfinished: [number, number][] = [];

  get length(): number {
    return Buffer.byteLength(this.#body);
  }

  write(text: string): void {
    this.#body += text;
  }

  /** The body may not end within what the function writes. */
  whole(write: () => void): void {
    const from = this.length;
    write();
    this.unfinished.push([from, this.length]);
  }

  hasMessage(text: string, wholeAt = this.length): void {
    this.messages.push({ text, wholeAt });
  }

  body(form: Body["form"], contentType?: string): Body {
    const bytes = Buffer.from(this.#body);
    return { form, bytes, contentType, messages: this.messages, unfinished: this.unfinished };
  }
}

function writeMark(writer: Writer, hasMark: boolean): void {
  if (hasMark) writer.whole(() => writer.write("\uFEFF"));
}

const jsonType = fc.constantFrom(undefined, "application/json", "application/x-ndjson", "text/plain");

const texts = fc
  .tuple(messages, gaps, fc.boolean(), fc.boolean(), jsonType)
  .map(([all, spaces, hasMark, hasSeparators, contentType]) => {
    const writer = new Writer();
    writeMark(writer, hasMark);
    writer.write(spaces[0] as string);
    for (const [i, text] of all.entries()) {
      // Without a separator, a list at the start is an array of messages.
      if (hasSeparators || (i === 0 && text.startsWith("["))) writer.write("\x1e");
      writer.whole(() => {
        writer.write(text);
        if (isScalar(text)) writer.write("\n");
      });
      writer.hasMessage(text);
      writer.write(spaces[i + 1] as string);
    }
    return writer.body("texts", contentType);
  });

const array = fc.tuple(messages, gaps, fc.boolean(), jsonType).map(([all, spaces, hasMark, contentType]) => {
  const writer = new Writer();
  writeMark(writer, hasMark);
  writer.write(spaces[0] as string);
  writer.whole(() => {
    writer.write(`[${spaces[1]}`);
    for (const [i, text] of all.entries()) {
      if (i > 0) writer.write(`,${spaces[2 * i]}`);
      writer.write(text);
      const isEndShown = !isScalar(text);
      const wholeAt = writer.length + (isEndShown ? 0 : 1);
      writer.hasMessage(text, wholeAt);
      writer.write(spaces[2 * i + 1] as string);
    }
    writer.write("]");
  });
  writer.write(spaces[15] as string);
  return writer.body("array", contentType);
});

const comment = fc.constantFrom("", ":", ": keep-alive", ":data: {}");
const otherField = fc.constantFrom(
  "",
  "id: 7",
  "event: error",
  "retry: 10",
  "data2: {}",
  "dat",
  "id",
  "é: {}",
  " data: 1",
);

const events = fc
  .tuple(
    messages,
    fc.constantFrom("\n", "\r\n", "\r"),
    fc.array(fc.tuple(comment, otherField, otherField, fc.constantFrom(":", ": ")), {
      minLength: 6,
      maxLength: 6,
    }),
    fc.boolean(),
    fc.constantFrom("text/event-stream", "Text/Event-Stream; charset=utf-8"),
  )
  .map(([all, lineEnd, extras, hasMark, contentType]) => {
    const writer = new Writer();
    const line = (text: string) => writer.write(text + lineEnd);
    writeMark(writer, hasMark);
    for (const [i, text] of all.entries()) {
      const [note, before, after, colon] = extras[i] as [string, string, string, string];
      writer.whole(() => writer.write(note + lineEnd.slice(0, 1)));
      writer.write(lineEnd.slice(1));
      if (note === "" && before === "id: 7") {
        // An event without data is none.
        writer.whole(() => writer.write(`${before + lineEnd}data${lineEnd}${lineEnd.slice(0, 1)}`));
        writer.write(lineEnd.slice(1));
      }
      const writeData = () => {
        if (before !== "") line(before);
        const parts = text.split("\n").map((part) => `data${part.startsWith(" ") ? ": " : colon}${part}`);
        writer.write(parts.join(lineEnd));
      };
      const writeEnd = () => {
        writer.write(lineEnd);
        if (after !== "") line(after);
        writer.write(lineEnd.slice(0, 1));
      };
      if (isScalar(text)) {
        writer.whole(() => {
          writeData();
          writeEnd();
        });
        writer.hasMessage(text);
      } else {
        writer.whole(writeData);
        writer.hasMessage(text);
        writeEnd();
      }
      writer.write(lineEnd.slice(1));
    }
    return writer.body("events", contentType);
  });

/** A body of any form, with any messages. */
export const anyBody: fc.Arbitrary<Body> = fc.oneof(texts, array, events);

/** The lengths of the chunks that a body comes in. */
export const anyCut: fc.Arbitrary<number[]> = fc.oneof(
  fc.constantFrom<number[]>([1], [7], [1_000_000]),
  fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 10 }),
);
