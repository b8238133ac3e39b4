import type { DynamicHeader } from "./dynamic-headers.ts";

/** A header that holds a secret: always the same value, or one that is asked for. */
export type Credential =
  | DynamicHeader
  | (Pick<DynamicHeader, "name" | "option"> & { readonly value: string });
