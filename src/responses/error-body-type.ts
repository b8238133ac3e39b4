export type { ErrorBodyType } from "./status-info.ts";
