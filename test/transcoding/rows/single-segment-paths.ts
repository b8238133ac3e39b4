import { type InvalidRow, invalid, names, type SentRow, sent } from "../support/row.ts";

/** `{name}` and `{name=*}`: one segment, everything but `A-Za-z0-9-_.~` escaped. */
export const singleSegmentPaths: readonly SentRow[] = [
  sent("api-core", "GET /v1/no/template", names({ foo: "bar" }), "GET /v1/no/template?foo=bar"),
  sent("api-core", "GET /v1/{field}", names({ field: "parent" }), "GET /v1/parent"),
  sent("api-core", "GET /v1/{field=*}", names({ field: "parent" }), "GET /v1/parent"),
  sent("api-core", "GET /v1/{name}/{path}", names({ name: "a", path: "b" }), "GET /v1/a/b"),
  sent(
    "api-core",
    "GET /v1/{nest.sub}",
    names({ nest: { sub: "parent" }, foo: "bar" }),
    "GET /v1/parent?foo=bar",
  ),
  sent("api-core", "GET /v1/{nest.leaf.id}", names({ nest: { leaf: { id: "x" } } }), "GET /v1/x"),
  sent("api-core", "GET /v1/{nest.sub}/{nest.sub2}", names({ nest: { sub: "a", sub2: "b" } }), "GET /v1/a/b"),
  sent(
    "vanguard",
    "GET /foo/bar/{name}/baz/{nest.sub}/buzz/{nest.leaf.id}",
    names({ name: "1", nest: { sub: "2", leaf: { id: "3" } } }),
    "GET /foo/bar/1/baz/2/buzz/3",
  ),
  sent(
    "gax",
    "GET /v3/{name=*}/{field=*}/supportedLanguages",
    names({ name: "te st", field: "42" }),
    "GET /v3/te%20st/42/supportedLanguages",
  ),
  sent("gax", "GET /v3/{name}", names({ name: "тест" }), "GET /v3/%D1%82%D0%B5%D1%81%D1%82"),
  sent("gax", "GET /v3/{name}", names({ name: "_.~0-9azAZ/ " }), "GET /v3/_.~0-9azAZ%2F%20"),
  sent("http.proto", "GET /v1/{name}", names({ name: "a/b" }), "GET /v1/a%2Fb"),
  sent("http.proto", "GET /v1/{name}", names({ name: "!'()*" }), "GET /v1/%21%27%28%29%2A"),
  sent("http.proto", "GET /v1/{name}", names({ name: "$&+,;=:@" }), "GET /v1/%24%26%2B%2C%3B%3D%3A%40"),
  sent("http.proto", "GET /v1/{name}", names({ name: "?#[]" }), "GET /v1/%3F%23%5B%5D"),
  sent("http.proto", "GET /v1/{name}", names({ name: "100%" }), "GET /v1/100%25"),
  sent("http.proto", "GET /v1/{name}", names({ name: "-_.~" }), "GET /v1/-_.~"),
  sent("http.proto", "GET /v1/{name}", names({ name: "日本" }), "GET /v1/%E6%97%A5%E6%9C%AC"),
  sent("http.proto", "GET /v1/{name}", names({ name: "😀" }), "GET /v1/%F0%9F%98%80"),
  sent("http.proto", "GET /v1/{name}", names({ name: '\\"<>^`{|}' }), "GET /v1/%5C%22%3C%3E%5E%60%7B%7C%7D"),
  sent("http.proto", "GET /v1/{name}", names({ name: "a\u0000\n\t\u007f" }), "GET /v1/a%00%0A%09%7F"),
  sent("vanguard", "GET /v1/{name}", names({ name: "foo%2Fbar" }), "GET /v1/foo%252Fbar"),
  sent("design 4", "GET /v1/{name}", names({ name: "a+b" }), "GET /v1/a%2Bb"),
  sent("design 6", "GET /v1/{name}", names({ name: "..." }), "GET /v1/..."),
  sent("design 6", "GET /v1/{name}", names({ name: ".hidden" }), "GET /v1/.hidden"),
  sent("http.proto", "GET /v1/{name=fixed}", names({ name: "fixed" }), "GET /v1/fixed"),
  sent("http.proto", "GET /v1/{name=a%20b}", names({ name: "a b" }), "GET /v1/a%20b"),
  sent(
    "gax",
    "POST /projects/{parent}/contents/{name}",
    names({ parent: "test-project", name: "test-content" }),
    "POST /projects/test-project/contents/test-content",
  ),
  // Literals are sent as the template spells them.
  sent("vanguard", "GET /foo%2Fbar/%2A/{name}", names({ name: "x" }), "GET /foo%2Fbar/%2A/x"),
  sent("httprule", "GET /-._~!$&'()+,;=@/{name}", names({ name: "x" }), "GET /-._~!$&'()+,;=@/x"),
  sent("httprule", "GET /%e7%ac%ac%e4%b8%80%e7%89%88", names(), "GET /%e7%ac%ac%e4%b8%80%e7%89%88"),
  // Verbs.
  sent("http.proto", "POST /v3/events:clear", names(), "POST /v3/events:clear"),
  sent("vanguard", "GET /v1:watch", names(), "GET /v1:watch"),
  sent("httprule", "GET /v1/a/{name}:a", names({ name: "x" }), "GET /v1/a/x:a"),
  sent("httprule", "GET /v1/a/{name}:b:c", names({ name: "x" }), "GET /v1/a/x:b:c"),
  sent("vanguard", "GET /foo/{name}:%2c", names({ name: "x" }), "GET /foo/x:%2c"),
  sent("design 4", "GET /v1/{name}:cancel", names({ name: "x:cancel" }), "GET /v1/x%3Acancel:cancel"),
  sent("design 4", "GET /v1/{name}", names({ name: "x:cancel" }), "GET /v1/x%3Acancel"),
];

const needed = "is empty, and the path needs it (/v1/{name})";

/** Values that would reach another method, or none. */
export const invalidSegments: readonly InvalidRow[] = [
  invalid("design 4", "GET /v1/{name}", names({ name: "" }), `name ${needed}`),
  invalid("api-core", "GET /v1/{name}", names({ foo: "bar" }), `name ${needed}`),
  invalid(
    "gax",
    "GET /v3/{nest.sub}/supportedLanguages",
    names(),
    "nest.sub is not set, and the path needs it (/v3/{nest.sub}/supportedLanguages)",
  ),
  invalid(
    "gax",
    "GET /v3/{nest.leaf.id}",
    names({ nest: {} }),
    "nest.leaf.id is not set, and the path needs it (/v3/{nest.leaf.id})",
  ),
  invalid(
    "design 4",
    "GET /v3/{nest.leaf.id}",
    names({ nest: { leaf: {} } }),
    "nest.leaf.id is empty, and the path needs it (/v3/{nest.leaf.id})",
  ),
  invalid(
    "design 4",
    "GET /v3/{nest.leaf.size}",
    names({ nest: {} }),
    "nest.leaf.size is not set, and the path needs it (/v3/{nest.leaf.size})",
  ),
  invalid(
    "design 6",
    "GET /v1/{name}",
    names({ name: "." }),
    'name is ".", which URL normalization would remove (/v1/{name})',
  ),
  invalid(
    "design 6",
    "GET /v1/{name}",
    names({ name: ".." }),
    'name is "..", which URL normalization would remove (/v1/{name})',
  ),
  invalid(
    "design 6",
    "GET /v1/{name}",
    names({ name: "\ud800" }),
    "name is not well-formed Unicode (/v1/{name})",
  ),
  invalid(
    "design 6",
    "GET /v1/{name}",
    names({ name: "a\udc00b" }),
    "name is not well-formed Unicode (/v1/{name})",
  ),
  invalid(
    "http.proto",
    "GET /v1/{name=fixed}",
    names({ name: "other" }),
    'name is "other", which does not match "fixed" (/v1/{name=fixed})',
  ),
  invalid(
    "design 6",
    "POST /v1/{name}:run body:*",
    names({ name: ".." }),
    'name is "..", which URL normalization would remove (/v1/{name}:run)',
  ),
];
