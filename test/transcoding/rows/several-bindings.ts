import { all, type InvalidRow, invalid, names, type SentRow, sent } from "../support/row.ts";

const gax = [
  "GET /v3/{parent=projects/*/locations/*}/supportedLanguages",
  "GET /v3/{parent=projects/*}/supportedLanguages",
  "POST /v3/{parent=post1/*}/supportedLanguages body:*",
  "POST /v3/{parent=post2/*}/supportedLanguages body:field",
  "GET /v3/{parent=get/*}/{field=*}/supportedLanguages",
] as const;

/** The first binding that the message can fill. */
export const severalBindings: readonly SentRow[] = [
  sent(
    "gax",
    gax,
    names({ parent: "projects/a/locations/b" }),
    "GET /v3/projects/a/locations/b/supportedLanguages",
  ),
  sent(
    "gax",
    gax,
    names({ parent: "projects/project", field: "value", a: 42n }),
    "GET /v3/projects/project/supportedLanguages?field=value&a=42",
  ),
  sent(
    "gax",
    gax,
    names({ parent: "post1/project", field: "value", a: 42n }),
    "POST /v3/post1/project/supportedLanguages",
    { body: { field: "value", a: "42" } },
  ),
  sent(
    "gax",
    gax,
    names({ parent: "post2/project", field: "value", a: 42n }),
    "POST /v3/post2/project/supportedLanguages?a=42",
    { body: "value" },
  ),
  sent(
    "gax",
    gax,
    names({ parent: "get/project", field: "value", a: 42n }),
    "GET /v3/get/project/value/supportedLanguages?a=42",
  ),
  sent(
    "http.proto",
    ["GET /v1/messages/{name}", "GET /v1/users/{parent}/messages/{name}"],
    names({ name: "123456", parent: "me" }),
    "GET /v1/messages/123456?parent=me",
  ),
  sent(
    "http.proto",
    ["GET /v1/users/{parent}/messages/{name}", "GET /v1/messages/{name}"],
    names({ name: "123456" }),
    "GET /v1/messages/123456",
  ),
  sent(
    "http.proto",
    ["GET /v1/users/{parent}/messages/{name}", "GET /v1/messages/{name}"],
    names({ name: "123456", parent: "me" }),
    "GET /v1/users/me/messages/123456",
  ),
  sent(
    "api-core",
    ["GET /v1/{field=a/*}/b/{name=**}", "GET /v1/{field=a/*}/b/first/last"],
    names({ field: "a/parent", foo: "bar" }),
    "GET /v1/a/parent/b/first/last?foo=bar",
  ),
  sent(
    "design 4",
    ["POST /v1/{name} body:data", "POST /v1/{name}/all body:*"],
    names({ name: "n", foo: "f" }),
    "POST /v1/n?foo=f",
    { body: {}, readAs: names({ name: "n", foo: "f", data: {} }) },
  ),
  sent("design 4", ["GET /v1/a/{opt_int32}", "GET /v1/b/{int32_value}"], all(), "GET /v1/b/0"),
  sent("design 4", ["GET /v1/a/{opt_int32}", "GET /v1/b/{int32_value}"], all({ optInt32: 0 }), "GET /v1/a/0"),
  sent("design 4", ["GET /v1/{name}", "GET /v1"], names({ name: ".." }), "GET /v1?name=.."),
  sent(
    "design 4",
    ["GET /v1/s/{choice_string}", "GET /v1/n/{choice_int64}"],
    all({ choice: { case: "choiceInt64", value: 4n } }),
    "GET /v1/n/4",
  ),
];

/** When none fits, all are named; a message that the first fitting one cannot carry is not sent elsewhere. */
export const noBinding: readonly InvalidRow[] = [
  invalid(
    "gax",
    ["GET /v3/{parent=projects/*}", "POST /v3/{parent=post1/*}/{name} body:*"],
    names({ parent: "other/x" }),
    'parent is "other/x", which does not match "projects/*" (/v3/{parent=projects/*}); parent is "other/x", which does not match "post1/*" (/v3/{parent=post1/*}/{name})',
  ),
  invalid(
    "gax",
    ["GET /v3/{parent}", "GET /v3/x/{nest.sub}"],
    names(),
    "parent is empty, and the path needs it (/v3/{parent}); nest.sub is not set, and the path needs it (/v3/x/{nest.sub})",
  ),
  invalid(
    "ours",
    ["GET /v1/{name}", "POST /v1/{name} body:*"],
    names({ name: "n", labels: { a: "b" } }),
    "labels is a map, which cannot be a query parameter",
  ),
  invalid(
    "ours",
    ["GET /v1/{name}", "GET /v1"],
    names({ name: 5 as never }),
    "name has to be a string, not a number",
  ),
];
