import type { MessageInitShape } from "@bufbuild/protobuf";
import { create, createFileRegistry, type DescService, setExtension } from "@bufbuild/protobuf";
import {
  FieldDescriptorProtoSchema,
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  MethodDescriptorProtoSchema,
  MethodOptionsSchema,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { http } from "../../gen/google/api/annotations_pb.js";
import { HttpRuleSchema } from "../../gen/google/api/http_pb.js";

/**
 * Builds a service at run time, with routes that the jobs service does not have:
 *
 * ```
 * message Item  { string name = 1; int64 size = 2; }
 * message Thing { string id = 1; Item item = 2; repeated string tags = 3; int32 count = 4; }
 * ```
 *
 * @param path the template of Get
 */
export function thingsService(path = "/things/{id}"): DescService {
  const file = create(FileDescriptorProtoSchema, {
    name: "test/things.proto",
    package: "test",
    syntax: "proto3",
    messageType: [
      { name: "Item", field: [field("name", 1, Type.STRING), field("size", 2, Type.INT64)] },
      {
        name: "Thing",
        field: [
          field("id", 1, Type.STRING),
          field("item", 2, Type.MESSAGE, { typeName: ".test.Item" }),
          field("tags", 3, Type.STRING, { label: Label.REPEATED }),
          field("count", 4, Type.INT32),
        ],
      },
    ],
    service: [
      {
        name: "Things",
        method: [
          rpc("Get", { pattern: { case: "get", value: path } }),
          rpc("Make", { pattern: { case: "post", value: "/things" }, body: "*" }),
          rpc("Put", { pattern: { case: "put", value: "/things/{id}" }, body: "item" }),
          rpc("Tag", {
            pattern: { case: "put", value: "/things/{id}/tags" },
            body: "tags",
            responseBody: "tags",
          }),
          rpc("Item", { pattern: { case: "get", value: "/{id=things/*/**}:item" }, responseBody: "item" }),
        ],
      },
    ],
  });
  const service = createFileRegistry(file, () => undefined).getService("test.Things");
  if (service === undefined) throw new Error("test.Things is missing");
  return service;
}

type FieldInit = MessageInitShape<typeof FieldDescriptorProtoSchema>;

function field(name: string, number: number, type: Type, more: FieldInit = {}) {
  return create(FieldDescriptorProtoSchema, {
    name,
    number,
    type,
    jsonName: name,
    label: Label.OPTIONAL,
    ...more,
  });
}

function rpc(name: string, rule: MessageInitShape<typeof HttpRuleSchema>) {
  const options = create(MethodOptionsSchema);
  setExtension(options, http, create(HttpRuleSchema, rule));
  return create(MethodDescriptorProtoSchema, {
    name,
    inputType: ".test.Thing",
    outputType: ".test.Thing",
    options,
  });
}
