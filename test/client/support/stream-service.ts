import {
  create,
  createFileRegistry,
  type DescFile,
  type DescMessage,
  type MessageShape,
  setExtension,
} from "@bufbuild/protobuf";
import type { GenService } from "@bufbuild/protobuf/codegenv2";
import {
  FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  MethodDescriptorProtoSchema,
  MethodOptions_IdempotencyLevel,
  MethodOptionsSchema,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { type BookSchema, file_library_v1_library } from "../../../examples/gen/library/v1/library_pb.js";
import {
  file_bytenite_common_common,
  type GenericResponseSchema,
} from "../../../gen/bytenite/common/common_pb.js";
import { http } from "../../../gen/google/api/annotations_pb.js";
import { httpRule } from "../../transcoding/support/rule-method.ts";

const { IDEMPOTENCY_UNKNOWN, NO_SIDE_EFFECTS } = MethodOptions_IdempotencyLevel;
const book = "library.v1.Book";

const file = create(FileDescriptorProtoSchema, {
  name: "example/streams.proto",
  package: "example",
  syntax: "proto3",
  dependency: ["library/v1/library.proto", "bytenite/common/common.proto"],
  messageType: [
    {
      name: "Odd",
      field: [
        field("result", 1, Type.MESSAGE, `.${book}`),
        field("error", 2, Type.STRING),
        field("title", 3, Type.STRING),
      ],
    },
  ],
  service: [
    {
      name: "Streams",
      method: [
        rpc("Watch", "server", book, "GET /watch", NO_SIDE_EFFECTS),
        rpc("Start", "server", book, "POST /start body:*"),
        rpc("Titles", "server", book, "GET /titles response_body:title"),
        rpc("Odds", "server", "example.Odd", "GET /odds"),
        rpc("Replies", "server", "bytenite.common.GenericResponse", "GET /replies"),
        rpc("Collect", "client", book, "POST /collect body:*", NO_SIDE_EFFECTS),
        rpc("Echo", "both", book, "POST /echo body:*", NO_SIDE_EFFECTS),
      ],
    },
  ],
});

type Method<Kind, Output extends DescMessage = typeof BookSchema> = {
  methodKind: Kind;
  input: typeof BookSchema;
  output: Output;
};

const files = new Map<string, DescFile>(
  [file_library_v1_library, file_bytenite_common_common].map((each) => [each.proto.name, each]),
);

const registry = createFileRegistry(file, (path) => files.get(path));

/** A service with methods of each streaming kind. Its methods are idempotent, but for Start. */
export const Streams = registry.getService("example.Streams") as unknown as GenService<{
  watch: Method<"server_streaming">;
  start: Method<"server_streaming">;
  titles: Method<"server_streaming">;
  odds: Method<"server_streaming">;
  replies: Method<"server_streaming", typeof GenericResponseSchema>;
  collect: Method<"client_streaming">;
  echo: Method<"bidi_streaming">;
}>;

/** A message with fields `result` and `error` of its own. */
export interface Odd {
  readonly result?: MessageShape<typeof BookSchema>;
  readonly error: string;
  readonly title: string;
}

function field(name: string, number: number, type: Type, typeName?: string) {
  const init = { name, number, type, jsonName: name, label: Label.OPTIONAL };
  return create(FieldDescriptorProtoSchema, typeName === undefined ? init : { ...init, typeName });
}

function rpc(
  name: string,
  streams: "server" | "client" | "both",
  output: string,
  rule: string,
  idempotencyLevel = IDEMPOTENCY_UNKNOWN,
) {
  const options = create(MethodOptionsSchema, { idempotencyLevel });
  setExtension(options, http, httpRule(rule));
  return create(MethodDescriptorProtoSchema, {
    name,
    inputType: `.${book}`,
    outputType: `.${output}`,
    clientStreaming: streams !== "server",
    serverStreaming: streams !== "client",
    options,
  });
}
