import type { AskedHeader } from "./asked-headers.ts";

/** A header that holds a secret: always the same value, or one that is asked for. */
export type Credential = AskedHeader | (Pick<AskedHeader, "name" | "option"> & { readonly value: string });
