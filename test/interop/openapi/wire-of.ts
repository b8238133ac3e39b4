/** A JSON object. */
export type Json = { [key: string]: unknown };

// Documentation without effect on the wire; `tags` groups operations in documents.
const prose = new Set(["description", "summary", "tags", "title"]);

/**
 * Reduces an API description to its effects on the wire, in the form of OpenAPI 3 and without documentation. Everything else
 * is kept, so that unexpected parts show. Properties become lists, because their order matters. Differences in spelling
 * between the two versions of OpenAPI are normalized.
 */
export function wireOf(description: Json): Json {
  const { paths, components, definitions } = description;
  const schemas = definitions ?? object(object(description, "components"), "schemas");
  const isOld = components === undefined;
  const named = new Set<string>();
  const operations = mapValues(object({ paths }, "paths"), (verbs) =>
    mapValues(verbs, (given) =>
      withoutProse(isOld ? operationOfSwagger(given, schemas as Json, named) : operation(given)),
    ),
  );
  const others = Object.entries(schemas as Json).filter(([name]) => !named.has(name));
  return { operations, schemas: mapValues(Object.fromEntries(others), schemaOf) };
}

function operation({ parameters, requestBody, responses, ...rest }: Json): Json {
  return {
    ...rest,
    parameters: (parameters as Json[]).map(withoutProse),
    ...(requestBody !== undefined && { requestBody: contentOf(requestBody as Json) }),
    responses: mapValues(responses as Json, contentOf),
  };
}

/** In OpenAPI 2 bodies have one schema, whatever their content type. */
function contentOf({ content, ...rest }: Json): Json {
  const schemas = Object.values(content as Json).map((each) => schemaOf((each as Json).schema as Json));
  const [schema, ...others] = schemas;
  if (others.some((other) => JSON.stringify(other) !== JSON.stringify(schema))) {
    throw new Error("the schema depends on the content type");
  }
  return withoutProse({ ...rest, types: Object.keys(content as Json), schema });
}

/** @param named gets the names of the schemas that are bodies: generators before grpc-gateway 2.19 gave them none */
function operationOfSwagger(
  { parameters, responses, ...rest }: Json,
  schemas: Json,
  named: Set<string>,
): Json {
  const types = ["application/json"];
  const all = parameters as Json[];
  const body = all.find((parameter) => parameter.in === "body");
  const name = /^#\/definitions\/(.+)$/.exec(String((body?.schema as Json | undefined)?.$ref))?.[1];
  const bodySchema = name === undefined ? (body?.schema as Json) : object(schemas, name);
  if (name !== undefined) named.add(name);
  return {
    ...rest,
    parameters: all
      .filter((parameter) => parameter !== body)
      .map(({ type, ...parameter }) => withoutProse({ schema: { type }, ...parameter })),
    ...(body && { requestBody: { types, schema: schemaOf(bodySchema), required: body.required } }),
    responses: mapValues(responses as Json, ({ schema }) => ({ types, schema: schemaOf(schema as Json) })),
  };
}

function schemaOf(given: Json): Json {
  const { properties, items, additionalProperties, $ref, ...rest } = withoutProse(given);
  // OpenAPI 2 ignores the siblings of a reference.
  if ($ref !== undefined) return { $ref: String($ref).replace(/^.*\//, "") };
  return {
    ...rest,
    ...(items !== undefined && { items: schemaOf(items as Json) }),
    // Any value is allowed: a schema without rules, or `true`.
    ...(additionalProperties !== undefined && {
      additionalProperties: JSON.stringify(additionalProperties) === "{}" ? true : additionalProperties,
    }),
    ...(properties !== undefined && {
      properties: Object.entries(properties as Json).map(([name, property]) => ({
        name,
        ...schemaOf(property as Json),
      })),
    }),
  };
}

/** Lists the differences of two values: `place: one | other`. */
export function differences(one: unknown, other: unknown, place = ""): string[] {
  if (isTree(one) && isTree(other) && Array.isArray(one) === Array.isArray(other)) {
    return [...new Set([...Object.keys(one), ...Object.keys(other)])].flatMap((key) =>
      differences((one as Json)[key], (other as Json)[key], place === "" ? key : `${place} ${key}`),
    );
  }
  return Object.is(one, other) ? [] : [`${place}: ${JSON.stringify(one)} | ${JSON.stringify(other)}`];
}

function isTree(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function object(parent: Json, key: string): Json {
  const value = parent[key];
  if (!isTree(value)) throw new Error(`the description has no ${key}`);
  return value as Json;
}

const withoutProse = (given: Json): Json =>
  Object.fromEntries(Object.entries(given).filter(([key]) => !prose.has(key)));

const mapValues = (given: Json, change: (value: Json) => Json): Json =>
  Object.fromEntries(Object.entries(given).map(([key, value]) => [key, change(value as Json)]));
