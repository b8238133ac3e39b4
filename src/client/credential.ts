export type { DynamicHeader as Credential } from "./dynamic-headers.ts";
