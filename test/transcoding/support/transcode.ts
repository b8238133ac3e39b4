import {
  clone,
  type DescMessage,
  fromJson,
  type JsonObject,
  type JsonValue,
  type Message,
  type MessageShape,
  toJson,
} from "@bufbuild/protobuf";
import type { Route } from "../../../src/transcoding/binding.ts";
import { compileRoute } from "../../../src/transcoding/compile-route.ts";
import type { FieldMaskForm } from "../../../src/transcoding/field-text.ts";
import { type BodyContent, requestContentOf } from "../../../src/transcoding/place-body.ts";
import { readRequest } from "../../../src/transcoding/read-request.ts";
import { requestTarget } from "../../../src/transcoding/request-target.ts";
import { createRouter } from "../../../src/transcoding/router.ts";
import { EverythingSchema } from "../../gen/bytenite/test/v1/everything_pb.js";
import { NamesSchema } from "../../gen/bytenite/test/v1/names_pb.js";
import { ModernSchema } from "../../gen/bytenite/test/v1/presence_edition_pb.js";
import { LegacySchema } from "../../gen/bytenite/test/v1/presence_proto2_pb.js";
import { type RuleText, ruleMethod } from "./rule-method.ts";

/** A request without its encoding. */
export interface Transcoded {
  readonly request: string;
  readonly content: BodyContent | undefined;
}

const schemas: readonly DescMessage[] = [EverythingSchema, NamesSchema, LegacySchema, ModernSchema];

/** The route of a method with these rules, with the type of this message as input. */
export function routeFor(rules: RuleText, { $typeName }: Message, queryFieldMask?: FieldMaskForm): Route {
  const schema = schemas.find(({ typeName }) => typeName === $typeName);
  if (schema === undefined) throw new Error(`no schema for ${$typeName}`);
  return compileRoute(ruleMethod(rules, schema), queryFieldMask);
}

/** Makes a request from a message, as the client does. */
export function transcode(route: Route, message: Message): Transcoded {
  const { binding, target } = requestTarget(route, message);
  return { request: `${binding.verb} ${target}`, content: requestContentOf(binding, message) };
}

/** Makes a message from a request, as the server does. */
export function readBack(route: Route, { request, content }: Transcoded): Message {
  const [, verb = "", path = "", query = ""] = /^(\S+) ([^?]*)\??(.*)$/.exec(request) ?? [];
  const match = createRouter([route]).match(verb, path);
  if (match === undefined || match === "method-not-allowed") throw new Error(`no route for ${request}`);
  return readRequest(match, query, content && received(content));
}

/** The content as a server decodes it: a copy, and only the one field if the body is a field. */
function received(content: BodyContent): BodyContent {
  if (content.kind === "message") {
    const { kind, desc, message } = content;
    return { kind, desc, message: clone(desc, message as MessageShape<DescMessage>) };
  }
  const { kind, field } = content;
  return { kind, field, holder: fromJson(field.parent, { [field.jsonName]: bodyJson(content) ?? null }) };
}

/** The HTTP body in JSON; undefined if there is none. */
export function bodyJson(content: BodyContent | undefined): JsonValue | undefined {
  if (content === undefined) return undefined;
  if (content.kind === "message") return toJson(content.desc, content.message as MessageShape<DescMessage>);
  const { field, holder } = content;
  const asJson = (alwaysEmitImplicit: boolean) =>
    toJson(field.parent, holder as MessageShape<DescMessage>, { alwaysEmitImplicit }) as JsonObject;
  return asJson(false)[field.jsonName] ?? asJson(true)[field.jsonName] ?? null;
}
