import type { DescMethodUnary, DescService } from "@bufbuild/protobuf";
import { EmptySchema } from "@bufbuild/protobuf/wkt";
import { ruleService } from "../../transcoding/support/rule-method.ts";

type EmptyCall = DescMethodUnary<typeof EmptySchema, typeof EmptySchema>;

const rules = new Map([
  ["NoPath", "GET /v1/nowhere"],
  ["NoVerb", "PUT /v1/shelves/1/books/2"],
]);

/** A service with routes that the library's gateway does not have: an unknown path, and an unknown verb for a path. */
export const Elsewhere = ruleService(rules, EmptySchema) as DescService & {
  readonly method: { readonly noPath: EmptyCall; readonly noVerb: EmptyCall };
};
