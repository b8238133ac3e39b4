import { readFileSync } from "node:fs";
import { Ajv2020, type AnySchemaObject, type ValidateFunction } from "ajv/dist/2020.js";
import type { RecordedRequest } from "../../src/testing/index.ts";

/** ByteNite's description of its API, as it is published: OpenAPI 3.1. */
export const apiDescription: AnySchemaObject = JSON.parse(
  readFileSync(new URL("../bytenite-openapi.json", import.meta.url), "utf8"),
);

const ajv = new Ajv2020({
  strict: true,
  allErrors: true,
  formats: {
    // Those of the OpenAPI format registry. JSON.parse has rounded what is beyond a double, to an integer too.
    int32: { type: "number", validate: (value: number) => (value | 0) === value },
    int64: {
      type: "number",
      validate: (value: number) => Number.isInteger(value) && Math.abs(value) <= 2 ** 63,
    },
  },
});
// The schemas lie within a document that is none itself.
ajv.addVocabulary(Object.keys(apiDescription));
ajv.addSchema({ ...apiDescription, $id: "api" });

/** Lists how a request and its response differ from the description. */
export function problemsOf(exchange: RecordedRequest): string[] {
  const { method, path, status, headers, requestBytes, responseHeaders, responseBytes } = exchange;
  const found = operationOf(method, path);
  if (found === undefined) return [`there is no ${method} ${path}`];
  const { pointer, operation } = found;
  const code = status !== undefined && status in operation.responses ? status : "default";
  const said = `${pointer}/responses/${code}`;
  return [
    ...requestProblems(operation, `${pointer}/requestBody`, headers["content-type"], requestBytes),
    ...contentProblems(operation.responses[code], said, responseHeaders["content-type"], responseBytes),
  ];
}

interface Content {
  readonly content: Readonly<Record<string, unknown>>;
}

interface Operation {
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}

const basePath = new URL(apiDescription.servers[0].url).pathname;

function operationOf(method: string, path: string): { pointer: string; operation: Operation } | undefined {
  const paths = apiDescription.paths as Record<string, Record<string, Operation>>;
  for (const [template, verbs] of Object.entries(paths)) {
    const pattern = new RegExp(`^${basePath}${template.replace(/\{[^}]*\}/g, "[^/]+")}$`);
    const verb = method.toLowerCase();
    const operation = verbs[verb];
    if (pattern.test(path) && operation !== undefined) {
      return { pointer: `/paths/${escaped(template)}/${verb}`, operation };
    }
  }
  return undefined;
}

function requestProblems(
  { requestBody }: Operation,
  pointer: string,
  type: string | string[] | undefined,
  bytes: Uint8Array,
): string[] {
  if (requestBody !== undefined) return contentProblems(requestBody, pointer, type, bytes);
  return bytes.length === 0 && type === undefined ? [] : [`${pointer}: there is no body`];
}

function contentProblems(
  content: Content | undefined,
  pointer: string,
  type: string | string[] | undefined,
  bytes: Uint8Array,
): string[] {
  if (content === undefined || typeof type !== "string" || !(type in content.content)) {
    return [`${pointer}: the content type is ${type}`];
  }
  if (type !== "application/json") return [];
  const validate = ajv.getSchema(`api#${pointer}/content/${escaped(type)}/schema`) as ValidateFunction;
  if (validate(JSON.parse(Buffer.from(bytes).toString()))) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${pointer}${instancePath}: ${message}`);
}

/** A key as a part of a JSON pointer in the fragment of a URI (RFC 6901, section 6). */
function escaped(key: string): string {
  return encodeURIComponent(key.replaceAll("~", "~0").replaceAll("/", "~1"));
}
