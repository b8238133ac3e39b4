/** A JSON object. */
export type Json = { [key: string]: unknown };

/** What a description says about the wire, in the form of published.json. */
export interface Wire {
  readonly operations: Json;
  readonly schemas: Json;
}

// For people, and of no effect on the wire.
const prose = new Set(["description", "summary", "tags", "title"]);

const definition = /^#\/definitions\/(.+)$/;

/**
 * Reads an OpenAPI v2 description and leaves out its prose. All else is kept, so that whatever is there and is not
 * expected shows. Properties become lists, because their order matters. The schema of a body stands where it is
 * used: generators before v2.19.0 of grpc-gateway gave it no name.
 */
export function wireOf(description: Json): Wire {
  const definitions = object(description, "definitions");
  const bodies = new Set<string>();

  const parameter = (given: Json): Json => {
    if (given.in !== "body") {
      return withoutProse(given);
    }
    const { name: _, schema, ...rest } = withoutProse(given);
    const reference = definition.exec(String((schema as Json).$ref))?.[1];
    if (reference === undefined) {
      return { ...rest, schema: schemaOf(schema as Json) };
    }
    bodies.add(reference);
    return { ...rest, schema: schemaOf(object(definitions, reference)) };
  };

  const operation = (given: Json): Json => {
    const { parameters, responses, ...rest } = withoutProse(given);
    return {
      ...rest,
      parameters: (parameters as Json[]).map(parameter),
      responses: mapValues(responses as Json, withoutProse),
    };
  };

  const operations = mapValues(object(description, "paths"), (verbs) => mapValues(verbs, operation));
  const named = Object.entries(definitions).filter(([name]) => !bodies.has(name));
  return { operations, schemas: mapValues(Object.fromEntries(named), schemaOf) };
}

function schemaOf(given: Json): Json {
  const { properties, ...rest } = withoutProse(given);
  if (properties === undefined) {
    return rest;
  }
  const list = Object.entries(properties as Json).map(([name, property]) => ({
    name,
    ...withoutProse(property as Json),
  }));
  return { ...rest, properties: list };
}

function object(parent: Json, key: string): Json {
  const value = parent[key];
  if (typeof value !== "object" || value === null) {
    throw new Error(`the description has no ${key}`);
  }
  return value as Json;
}

const withoutProse = (given: Json): Json =>
  Object.fromEntries(Object.entries(given).filter(([key]) => !prose.has(key)));

const mapValues = (given: Json, change: (value: Json) => Json): Json =>
  Object.fromEntries(Object.entries(given).map(([key, value]) => [key, change(value as Json)]));
