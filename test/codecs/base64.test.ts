import { expect, test } from "vitest";
import { bytesFromBase64 } from "../../src/codecs/base64.ts";

test("decoded bytes of any length are a Uint8Array with memory of its own", () => {
  for (const length of [0, 1, 2, 3, 4_095, 4_096, 32_767, 32_768, 65_536, 200_000]) {
    const expected = Uint8Array.from({ length }, (_, i) => i % 251);
    const bytes = bytesFromBase64(Buffer.from(expected).toString("base64"));
    expect(bytes?.constructor).toBe(Uint8Array);
    expect(bytes?.buffer.byteLength).toBe(length);
    expect(Buffer.compare(bytes as Uint8Array, expected)).toBe(0);
  }
});

test.each(["A", "AAAAA", "A=", "AA=", "YQ==YQ==", "YQ==\n", " YQ==", "Y Q=", "ŁQ==", "YQ.="])(
  "%j is not base64",
  (text) => {
    expect(bytesFromBase64(text)).toBeUndefined();
  },
);
