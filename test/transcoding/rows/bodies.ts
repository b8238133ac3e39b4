import { Color } from "../../gen/bytenite/test/v1/everything_pb.js";
import { all, names, type SentRow, sent } from "../support/row.ts";

const data = { id: 1n, info: "some info" };

/** What goes into the body: the message, a field, nothing. */
export const bodies: readonly SentRow[] = [
  // body: "*"
  sent(
    "http.proto",
    "PATCH /v1/messages/{name} body:*",
    names({ name: "123456", foo: "Hi!" }),
    "PATCH /v1/messages/123456",
    { body: { foo: "Hi!" } },
  ),
  sent(
    "api-core",
    "POST /v1/{field=a/*}/b/{name=**} body:*",
    names({ field: "a/parent", name: "first/last", data, foo: "bar" }),
    "POST /v1/a/parent/b/first/last",
    { body: { data: { id: "1", info: "some info" }, foo: "bar" } },
  ),
  sent(
    "gax",
    "POST /v3/b/{snake_case_first=*} body:*",
    names({ snakeCaseFirst: "second", snakeCaseBody: { id: 42n }, foo: "value" }),
    "POST /v3/b/second",
    { body: { snakeCaseBody: { id: "42" }, foo: "value" } },
  ),
  sent(
    "gax",
    "POST /v3/{parent=post1/*}/supportedLanguages body:*",
    names({ parent: "post1/project", field: "value", a: 42n }),
    "POST /v3/post1/project/supportedLanguages",
    { body: { field: "value", a: "42" } },
  ),
  sent("ours", "POST /v1/{name} body:*", names({ name: "n" }), "POST /v1/n", { body: {} }),
  sent("ours", "POST /v1 body:*", names(), "POST /v1", { body: {} }),
  sent(
    "design 4",
    "POST /v1/{nest.leaf.id} body:*",
    names({ nest: { sub: "s", leaf: { id: "i", size: 4 } } }),
    "POST /v1/i",
    { body: { nest: { sub: "s", leaf: { size: 4 } } } },
  ),
  sent("design 4", "POST /v1/{nest.leaf.id} body:*", names({ nest: { leaf: { id: "i" } } }), "POST /v1/i", {
    body: { nest: { leaf: {} } },
  }),
  sent(
    "design 4",
    "POST /v1/{nest.sub}/{nest.sub2} body:*",
    names({ nest: { sub: "a", sub2: "b" } }),
    "POST /v1/a/b",
    { body: { nest: {} } },
  ),
  sent("design 4", "POST /v1/{opt_string} body:*", all({ optString: "o", optInt32: 0 }), "POST /v1/o", {
    body: { optInt32: 0 },
  }),
  sent(
    "design 4",
    "POST /v1/{choice_string} body:*",
    all({ choice: { case: "choiceString", value: "c" }, boolValue: true }),
    "POST /v1/c",
    { body: { boolValue: true } },
  ),
  sent(
    "design 4",
    "POST /v1/{choice_inner.name} body:*",
    all({ choice: { case: "choiceInner", value: { name: "c", itemCount: 1 } } }),
    "POST /v1/c",
    { body: { choiceInner: { itemCount: 1 } } },
  ),
  sent(
    "design 4",
    "POST /v1/{int32_value} body:*",
    all({ int32Value: 5, inner: { name: "n" } }),
    "POST /v1/5",
    { body: { inner: { name: "n" } } },
  ),
  sent("design 4", "POST /v1/{enum_value} body:*", all({ enumValue: Color.RED }), "POST /v1/COLOR_RED", {
    body: {},
  }),
  sent(
    "design 4",
    "POST /v1/{int64_wrapper} body:*",
    all({ int64Wrapper: 5n, stringWrapper: "s" }),
    "POST /v1/5",
    { body: { stringWrapper: "s" } },
  ),
  sent(
    "http.proto",
    "POST /v1 body:*",
    all({ stringMap: { a: "b" }, innerList: [{ name: "x" }], struct: { a: [1] } }),
    "POST /v1",
    { body: { stringMap: { a: "b" }, innerList: [{ name: "x" }], struct: { a: [1] } } },
  ),
  sent("design 4", "DELETE /v1/{name} body:*", names({ name: "n", foo: "f" }), "DELETE /v1/n", {
    body: { foo: "f" },
  }),
  sent("http.proto", "PUT /v1/{name} body:*", names({ name: "n", foo: "f" }), "PUT /v1/n", {
    body: { foo: "f" },
  }),
  sent("http.proto", "LOCK /v1/{name} body:*", names({ name: "n", foo: "f" }), "LOCK /v1/n", {
    body: { foo: "f" },
  }),
  // body: "field", a message
  sent(
    "http.proto",
    "PATCH /v1/messages/{name} body:data",
    names({ name: "123456", data: { info: "Hi!" } }),
    "PATCH /v1/messages/123456",
    { body: { info: "Hi!" } },
  ),
  sent(
    "api-core",
    "POST /v1/no/template body:data",
    names({ data, foo: "bar" }),
    "POST /v1/no/template?foo=bar",
    { body: { id: "1", info: "some info" } },
  ),
  sent(
    "api-core",
    "POST /v1/{field=a/*}/b/{name=**} body:data",
    names({ field: "a/parent", name: "first/last", data, foo: "bar" }),
    "POST /v1/a/parent/b/first/last?foo=bar",
    { body: { id: "1", info: "some info" } },
  ),
  sent(
    "gax",
    "POST /v3/a/{snake_case_first=*} body:snake_case_body",
    names({ snakeCaseFirst: "first", snakeCaseBody: { id: 42n }, foo: "value" }),
    "POST /v3/a/first?foo=value",
    { body: { id: "42" } },
  ),
  sent("design 4", "POST /v1 body:data", names({ foo: "f" }), "POST /v1?foo=f", {
    body: {},
    readAs: names({ foo: "f", data: {} }),
  }),
  sent(
    "design 4",
    "PATCH /v1/{data.name} body:data",
    names({ data: { name: "n", info: "i" }, foo: "f" }),
    "PATCH /v1/n?foo=f",
    { body: { info: "i" } },
  ),
  sent(
    "design 4",
    "PATCH /v1/{data.nest.leaf.id} body:data",
    names({ data: { id: 1n, nest: { sub: "s", leaf: { id: "i", size: 2 } } } }),
    "PATCH /v1/i",
    { body: { id: "1", nest: { sub: "s", leaf: { size: 2 } } } },
  ),
  sent(
    "design 4",
    "PATCH /v1/{data.name}/{nest.sub} body:data",
    names({ data: { name: "n" }, nest: { sub: "s", sub2: "t" } }),
    "PATCH /v1/n/s?nest.sub2=t",
    { body: {} },
  ),
  sent("design 4", "DELETE /v1/{name} body:data", names({ name: "n", data: { info: "i" } }), "DELETE /v1/n", {
    body: { info: "i" },
  }),
  sent(
    "http.proto",
    "POST /v1 body:choice_inner",
    all({ choice: { case: "choiceInner", value: { name: "c" } } }),
    "POST /v1",
    { body: { name: "c" } },
  ),
  // Well-known types are messages, however protobuf-es represents them.
  sent("http.proto", "POST /v1 body:timestamp", all({ timestamp: { seconds: 1n } }), "POST /v1", {
    body: "1970-01-01T00:00:01Z",
  }),
  sent("http.proto", "POST /v1 body:int64_wrapper", all({ int64Wrapper: 7n }), "POST /v1", { body: "7" }),
  sent(
    "http.proto",
    "POST /v1 body:string_wrapper",
    all({ stringWrapper: "s", boolValue: true }),
    "POST /v1?boolValue=true",
    { body: "s" },
  ),
  sent(
    "http.proto",
    "POST /v1 body:choice_wrapper",
    all({ choice: { case: "choiceWrapper", value: { value: "w" } } }),
    "POST /v1",
    { body: "w" },
  ),
  sent("http.proto", "POST /v1 body:struct", all({ struct: { a: { b: null } } }), "POST /v1", {
    body: { a: { b: null } },
  }),
  sent("design 4", "POST /v1 body:struct", all(), "POST /v1", { body: {}, readAs: all({ struct: {} }) }),
  sent("design 4", "POST /v1 body:bool_wrapper", all(), "POST /v1", {
    body: false,
    readAs: all({ boolWrapper: false }),
  }),
  // body: "field", anything else
  sent(
    "gax",
    "POST /v3/{parent=post2/*}/supportedLanguages body:field",
    names({ parent: "post2/project", field: "value", a: 42n }),
    "POST /v3/post2/project/supportedLanguages?a=42",
    { body: "value" },
  ),
  sent(
    "gax",
    "POST /projects/{parent} body:foo",
    names({ parent: "test-project", foo: "test-content" }),
    "POST /projects/test-project",
    { body: "test-content" },
  ),
  sent("http.proto", "POST /v1 body:foo", names({ a: 1n }), "POST /v1?a=1", { body: "" }),
  sent("http.proto", "POST /v1 body:tags", names({ tags: ["a", "b"], foo: "f" }), "POST /v1?foo=f", {
    body: ["a", "b"],
  }),
  sent("http.proto", "POST /v1 body:tags", names(), "POST /v1", { body: [] }),
  sent("http.proto", "POST /v1 body:inner_list", all({ innerList: [{ name: "a" }, {}] }), "POST /v1", {
    body: [{ name: "a" }, {}],
  }),
  sent("http.proto", "POST /v1 body:labels", names({ labels: { a: "b" } }), "POST /v1", { body: { a: "b" } }),
  sent("http.proto", "POST /v1 body:int64_value", all({ int64Value: 5n }), "POST /v1", { body: "5" }),
  sent("http.proto", "POST /v1 body:enum_value", all({ enumValue: Color.RED }), "POST /v1", {
    body: "COLOR_RED",
  }),
  sent("http.proto", "POST /v1 body:bytes_value", all({ bytesValue: new Uint8Array([251]) }), "POST /v1", {
    body: "+w==",
  }),
  // No body: all fields are in the query.
  sent("http.proto", "POST /v1", names({ foo: "f", data }), "POST /v1?foo=f&data.id=1&data.info=some%20info"),
  sent(
    "http.proto",
    "PATCH /v1/{data.name}",
    names({ data: { name: "n", info: "i" } }),
    "PATCH /v1/n?data.info=i",
  ),
];
