import { names, type RefusedRow, refused, type SentRow, sent } from "../support/row.ts";

/** `{name=a/*}`, `{name=**}`: several segments, `/` stays. */
export const multiSegmentPaths: readonly SentRow[] = [
  sent(
    "http.proto",
    "GET /v1/{name=messages/*}",
    names({ name: "messages/123456" }),
    "GET /v1/messages/123456",
  ),
  sent(
    "gax",
    "GET /v3/{parent=projects/*/locations/*}/supportedLanguages",
    names({ parent: "projects/te st/locations/location" }),
    "GET /v3/projects/te%20st/locations/location/supportedLanguages",
  ),
  sent(
    "gax",
    "GET /v3/{parent=projects/*}/supportedLanguages",
    names({ parent: "projects/te st" }),
    "GET /v3/projects/te%20st/supportedLanguages",
  ),
  sent(
    "gax",
    "GET /v3/{parent=projects/*}/{field=fields/*}/{path=**}",
    names({ parent: "projects/te st", field: "fields/field42", path: "a/b,c/d" }),
    "GET /v3/projects/te%20st/fields/field42/a/b%2Cc/d",
  ),
  sent("gax", "GET /v3/{path=**}", names({ path: "_.~0-9azAZ/ " }), "GET /v3/_.~0-9azAZ/%20"),
  sent(
    "gax",
    "GET /v3/{path=projects/*/locations/**}",
    names({ path: "projects/test/locations/us/q/z" }),
    "GET /v3/projects/test/locations/us/q/z",
  ),
  sent(
    "api-core",
    "GET /v1/{field=a/*/b/*}",
    names({ field: "a/parent/b/child", foo: "bar" }),
    "GET /v1/a/parent/b/child?foo=bar",
  ),
  sent("api-core", "GET /v1/{field=**}", names({ field: "parent/p1" }), "GET /v1/parent/p1"),
  sent(
    "api-core",
    "GET /v1/{field=a/*/b/**}",
    names({ field: "a/parent/b/child/c1" }),
    "GET /v1/a/parent/b/child/c1",
  ),
  sent(
    "api-core",
    "GET /v1/{name=parent/**}",
    names({ name: "parent/child/object" }),
    "GET /v1/parent/child/object",
  ),
  sent(
    "api-core",
    "GET /v1/{field=a/*}/b/{name=**}",
    names({ field: "a/x", name: "first/last" }),
    "GET /v1/a/x/b/first/last",
  ),
  sent(
    "vanguard",
    "GET /v1/{name=shelves/*/books/*}",
    names({ name: "shelves/1/books/2" }),
    "GET /v1/shelves/1/books/2",
  ),
  sent(
    "vanguard",
    "GET /v1/{parent=shelves/*}/books",
    names({ parent: "shelves/1" }),
    "GET /v1/shelves/1/books",
  ),
  sent(
    "vanguard",
    "PATCH /v1/{data.name=shelves/*/books/*} body:data",
    names({ data: { name: "shelves/1/books/2" } }),
    "PATCH /v1/shelves/1/books/2",
    { body: {} },
  ),
  sent(
    "vanguard",
    "POST /v3/{name=events/*}:cancel",
    names({ name: "events/e" }),
    "POST /v3/events/e:cancel",
  ),
  sent(
    "vanguard",
    "GET /foo/{path=**}:do",
    names({ path: "fizz/buzz/frob/nitz" }),
    "GET /foo/fizz/buzz/frob/nitz:do",
  ),
  sent("vanguard", "GET /{path=%2A%2a/**}", names({ path: "**/x" }), "GET /%2A%2A/x"),
  sent(
    "httprule",
    "GET /v1/b/{name=buckets/*}/o/{field}",
    names({ name: "buckets/b", field: "o/1" }),
    "GET /v1/b/buckets/b/o/o%2F1",
  ),
  sent(
    "httprule",
    "GET /v1/{name=a/b/*}/o/{path=a/b/*/c}",
    names({ name: "a/b/1", path: "a/b/2/c" }),
    "GET /v1/a/b/1/o/a/b/2/c",
  ),
  sent("http.proto", "GET /{name=foo/bar}", names({ name: "foo/bar" }), "GET /foo/bar"),
  sent("http.proto", "GET /v1/{name=**}", names({ name: "one" }), "GET /v1/one"),
  sent("http.proto", "GET /v1/{name=a/*}", names({ name: "a/?#:@ é" }), "GET /v1/a/%3F%23%3A%40%20%C3%A9"),
  sent("http.proto", "GET /v1/{name=a%20b/*}", names({ name: "a b/c" }), "GET /v1/a%20b/c"),
  sent("design 4", "GET /v1/{name=**}", names({ name: "a%2Fb/c" }), "GET /v1/a%252Fb/c"),
  sent("design 4", "GET /v1/{name=**}", names({ name: "a%2fb/c" }), "GET /v1/a%252fb/c"),
  sent("design 4", "GET /v1/{name=a/*}", names({ name: "a/%252F%" }), "GET /v1/a/%25252F%25"),
  sent("design 4", "GET /v1/{name=**}", names({ name: "a:b/c:cancel" }), "GET /v1/a%3Ab/c%3Acancel"),
  sent("http.proto", "GET /v1/{name=a%3Ab/*}", names({ name: "a:b/c" }), "GET /v1/a%3Ab/c"),
];

const shelf = (value: string) =>
  `name is ${JSON.stringify(value)}, which does not match "shelves/*" (/v1/{name=shelves/*})`;

/** Values that do not fit the pattern, or would not arrive as they are. */
export const refusedPatterns: readonly RefusedRow[] = [
  refused("gax", "GET /v1/{name=shelves/*}", names({ name: "projects/test" }), shelf("projects/test")),
  refused(
    "gax",
    "GET /v1/{name=shelves/*}",
    names({ name: "shelves/1/books/2" }),
    shelf("shelves/1/books/2"),
  ),
  refused("gax", "GET /v1/{name=shelves/*}", names({ name: "shelves" }), shelf("shelves")),
  refused(
    "design 6",
    "GET /v1/{name=shelves/*}",
    names({ name: "shelves/" }),
    "name has an empty segment, which a URL may swallow (/v1/{name=shelves/*})",
  ),
  refused("gax", "GET /v1/{name=shelves/*}", names({ name: "/shelves/1" }), shelf("/shelves/1")),
  refused("gax", "GET /v1/{name=shelves/*}", names({ name: "Shelves/1" }), shelf("Shelves/1")),
  refused("gax", "GET /v1/{name=shelves/*}", names({ name: "shelves%2F1" }), shelf("shelves%2F1")),
  refused(
    "design 6",
    "GET /v1/{name=shelves/*}",
    names(),
    "name is empty, and the path needs it (/v1/{name=shelves/*})",
  ),
  refused(
    "design 6",
    "GET /v1/{name=shelves/*}",
    names({ name: "shelves/.." }),
    'name has the segment "..", which a URL swallows (/v1/{name=shelves/*})',
  ),
  refused(
    "design 6",
    "GET /v1/{name=shelves/*}",
    names({ name: "shelves/." }),
    'name has the segment ".", which a URL swallows (/v1/{name=shelves/*})',
  ),
  refused(
    "design 6",
    "GET /v1/{name=shelves/*}",
    names({ name: "shelves/\udfff" }),
    "name is not well-formed Unicode (/v1/{name=shelves/*})",
  ),
  refused("design 4", "GET /v1/{name=**}", names(), "name is empty, and the path needs it (/v1/{name=**})"),
  refused(
    "design 6",
    "GET /v1/{name=**}",
    names({ name: "a//b" }),
    "name has an empty segment, which a URL may swallow (/v1/{name=**})",
  ),
  refused(
    "design 6",
    "GET /v1/{name=**}",
    names({ name: "/a" }),
    "name has an empty segment, which a URL may swallow (/v1/{name=**})",
  ),
  refused(
    "design 6",
    "GET /v1/{name=**}",
    names({ name: "a/" }),
    "name has an empty segment, which a URL may swallow (/v1/{name=**})",
  ),
  refused(
    "design 6",
    "GET /v1/{name=**}",
    names({ name: "a/../b" }),
    'name has the segment "..", which a URL swallows (/v1/{name=**})',
  ),
  refused(
    "design 6",
    "GET /v1/{name=**}",
    names({ name: ".." }),
    'name has the segment "..", which a URL swallows (/v1/{name=**})',
  ),
  refused(
    "design 4",
    "GET /v1/{name=a/**}",
    names({ name: "a" }),
    'name is "a", which does not match "a/**" (/v1/{name=a/**})',
  ),
  refused(
    "api-core",
    "GET /v1/{name=mr/*/*}",
    names({ name: "first/last" }),
    'name is "first/last", which does not match "mr/*/*" (/v1/{name=mr/*/*})',
  ),
  refused(
    "ours",
    "GET /v1/{name=a/*}",
    names({ name: "0123456789".repeat(5) }),
    'name is "0123456789012345678901234567890123456789…", which does not match "a/*" (/v1/{name=a/*})',
  ),
];
