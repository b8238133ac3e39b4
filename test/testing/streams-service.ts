import { create, createFileRegistry, type DescMessage, setExtension } from "@bufbuild/protobuf";
import type { GenService } from "@bufbuild/protobuf/codegenv2";
import {
  FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  MethodDescriptorProtoSchema,
  MethodOptionsSchema,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import {
  type BookSchema,
  file_library_v1_library,
  type GetBookRequestSchema,
} from "../../examples/gen/library/v1/library_pb.js";
import { http } from "../../gen/google/api/annotations_pb.js";
import { HttpRuleSchema } from "../../gen/google/api/http_pb.js";

const POST = (path: string) => ({ pattern: { case: "post", value: path }, body: "*" }) as const;
const GET = (path: string) => ({ pattern: { case: "get", value: path } }) as const;

const book = "library.v1.Book";
const name = "library.v1.GetBookRequest";

const file = create(FileDescriptorProtoSchema, {
  name: "test/streams.proto",
  package: "test",
  syntax: "proto3",
  dependency: ["library/v1/library.proto", "google/api/httpbody.proto"],
  service: [
    {
      name: "Streams",
      method: [
        rpc("Watch", name, "stream", book, {
          ...GET("/v1/{name=shelves/*/books/*}:watch"),
          additionalBindings: [POST("/v1/books:watch")],
        }),
        rpc("Titles", name, "stream", book, { ...GET("/v1/titles"), responseBody: "title" }),
        rpc("Download", name, "stream", "google.api.HttpBody", GET("/v1/download")),
        rpc("Collect", book, "", book, POST("/v1/books:collect"), "stream"),
        rpc("Echo", book, "stream", book, POST("/v1/books:echo"), "stream"),
        rpc("Get", name, "", book, GET("/v1/book")),
      ],
    },
  ],
});

const httpBodyFile = create(FileDescriptorProtoSchema, {
  name: "google/api/httpbody.proto",
  package: "google.api",
  syntax: "proto3",
  messageType: [
    { name: "HttpBody", field: [field("content_type", 1, Type.STRING), field("data", 2, Type.BYTES)] },
  ],
});

type Method<Kind, Output extends DescMessage = typeof BookSchema, Input = typeof GetBookRequestSchema> = {
  methodKind: Kind;
  input: Input;
  output: Output;
};

/** A service with a method of each kind, as protoc-gen-es would generate it. */
export const StreamsService = createFileRegistry(file, (path) =>
  path === "google/api/httpbody.proto" ? httpBodyFile : file_library_v1_library,
).getService("test.Streams") as unknown as GenService<{
  watch: Method<"server_streaming">;
  titles: Method<"server_streaming">;
  download: Method<"server_streaming", DescMessage>;
  collect: Method<"client_streaming", typeof BookSchema, typeof BookSchema>;
  echo: Method<"bidi_streaming", typeof BookSchema, typeof BookSchema>;
  get: Method<"unary">;
}>;

function field(fieldName: string, number: number, type: Type) {
  const jsonName = fieldName.replace(/_(.)/, (_, letter: string) => letter.toUpperCase());
  return create(FieldDescriptorProtoSchema, {
    name: fieldName,
    number,
    type,
    jsonName,
    label: Label.OPTIONAL,
  });
}

function rpc(
  method: string,
  input: string,
  output: "stream" | "",
  outputType: string,
  rule: Parameters<typeof create<typeof HttpRuleSchema>>[1],
  stream: "stream" | "" = "",
) {
  const options = create(MethodOptionsSchema);
  setExtension(options, http, create(HttpRuleSchema, rule));
  return create(MethodDescriptorProtoSchema, {
    name: method,
    inputType: `.${input}`,
    outputType: `.${outputType}`,
    clientStreaming: stream === "stream",
    serverStreaming: output === "stream",
    options,
  });
}
