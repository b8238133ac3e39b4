import { describe, expect, test } from "vitest";
import { compileRoute } from "../../src/transcoding/compile-route.ts";
import { createRouter } from "../../src/transcoding/router.ts";
import { NamesSchema } from "../gen/bytenite/test/v1/names_pb.js";
import { type RuleText, ruleMethod } from "./support/rule-method.ts";
import { thrownBy } from "./support/thrown-by.ts";

/** Routes `"GET /v1/x"`: returns the matching template and its values. */
function matchRequest(rules: readonly RuleText[], request: string) {
  const [verb = "", path = ""] = request.split(" ");
  const match = createRouter(rules.map((rule) => compileRoute(ruleMethod(rule, NamesSchema)))).match(
    verb,
    path,
  );
  return typeof match === "object" ? [match.binding.template.text, ...match.values] : match;
}

// vanguard's TestRouteTrie_FindTarget, without its nested variables and bare wildcards.
const vanguard = [
  "GET /foo/bar/baz/buzz",
  "GET /foo/bar/{name}",
  "GET /foo/bar/{name}/baz/{parent}",
  "GET /foo/bar/{name}/baz/{nest.sub}/buzz/{nest.leaf.id}",
  "GET /foo/bar/{field}/{name}/{path=**}",
  "GET /foo/bar/{field}/{name}/{path=**}:do",
  "GET /foo/bar/{field}/{name}/{path=**}:cancel",
  "GET /foo/bob/{name=*/*/*}/details",
  "GET /foo%2Fbar/%2A/%2A%2a/{name=%2A%2a/**}:%2c",
  "GET /trailing/{name=**}:slash",
  "GET /verb",
];

describe("vanguard's routes", () => {
  test.each([
    ["GET /bob/lob/law", undefined],
    ["GET /foo/bar/baz", ["/foo/bar/{name}", "baz"]],
    ["GET /foo/bob/lob/law", undefined],
    ["GET /foo/bar/baz/buzz", ["/foo/bar/baz/buzz"]],
    ["GET /foo/bar/baz/baz/buzz", ["/foo/bar/{name}/baz/{parent}", "baz", "buzz"]],
    ["GET /foo/bar/1/baz/2/buzz/3", ["/foo/bar/{name}/baz/{nest.sub}/buzz/{nest.leaf.id}", "1", "2", "3"]],
    // vanguard and http.proto let "**" match no segment. The client never sends that.
    ["GET /foo/bar/baz/123", undefined],
    ["GET /foo/bar/baz/123/buzz", ["/foo/bar/{field}/{name}/{path=**}", "baz", "123", "buzz"]],
    ["GET /foo/bar/baz/123/buzz/buzz", ["/foo/bar/{field}/{name}/{path=**}", "baz", "123", "buzz/buzz"]],
    [
      "GET /foo/bar/baz/123/buzz/buzz:do",
      ["/foo/bar/{field}/{name}/{path=**}:do", "baz", "123", "buzz/buzz"],
    ],
    ["GET /foo/bar/baz/123/buzz:cancel", ["/foo/bar/{field}/{name}/{path=**}:cancel", "baz", "123", "buzz"]],
    ["GET /foo/bar/baz/123/buzz:blah", ["/foo/bar/{field}/{name}/{path=**}", "baz", "123", "buzz:blah"]],
    ["GET /foo/bob/bar/baz/123/details", ["/foo/bob/{name=*/*/*}/details", "bar/baz/123"]],
    ["GET /foo/bob/bar/baz/123/details:do", undefined],
    ["GET /foo%2fbar/*/**/**/a/b:,", ["/foo%2Fbar/%2A/%2A%2a/{name=%2A%2a/**}:%2c", "**/a/b"]],
    ["GET /trailing/x:slash", ["/trailing/{name=**}:slash", "x"]],
    ["GET /trailing/x", undefined],
    ["GET /verb", ["/verb"]],
    ["POST /verb", "method-not-allowed"],
    ["POST /nowhere", undefined],
    ["GET /foo/bar/", undefined],
    ["GET /foo/bar/baz/", undefined],
    ["GET //foo/bar/baz", undefined],
    ["GET foo/bar/baz", undefined],
    ["GET /", undefined],
  ])("%s", (request, expected) => {
    expect(matchRequest(vanguard, request)).toEqual(expected);
    expect(matchRequest(vanguard.toReversed(), request)).toEqual(expected);
  });
});

describe("percent-encoded paths", () => {
  test.each([
    ["GET /v1/{name}", "GET /v1/a%2Fb", ["/v1/{name}", "a/b"]],
    ["GET /v1/{name}", "GET /v1/a%2fb", ["/v1/{name}", "a/b"]],
    ["GET /v1/{name}", "GET /v1/a/b", undefined],
    ["GET /v1/{name}", "GET /v1/a+b", ["/v1/{name}", "a+b"]],
    ["GET /v1/{name}", "GET /v1/100%25", ["/v1/{name}", "100%"]],
    ["GET /v1/{name}", "GET /v1/%2525", ["/v1/{name}", "%25"]],
    ["GET /v1/{name}", "GET /v1/a%20b%3Fc%23d", ["/v1/{name}", "a b?c#d"]],
    ["GET /v1/{name}", "GET /v1/", undefined],
    ["GET /v1/{name}", "GET /v1//", undefined],
    ["GET /v1/{name=**}", "GET /v1/a%2Fb/c", ["/v1/{name=**}", "a%2Fb/c"]],
    ["GET /v1/{name=**}", "GET /v1/a%252Fb/c", ["/v1/{name=**}", "a%2Fb/c"]],
    ["GET /v1/{name=a/*}", "GET /v1/a/x%20y", ["/v1/{name=a/*}", "a/x y"]],
    ["GET /v1/{name=a/*}", "GET /v1/%61/x", ["/v1/{name=a/*}", "a/x"]],
    ["GET /v1/{name=**}", "GET /v1/a//b", ["/v1/{name=**}", "a//b"]],
    ["GET /v1/{name=**}", "GET /v1/a/", ["/v1/{name=**}", "a/"]],
    ["GET /v1/{name=**}", "GET /v1/", undefined],
    ["GET /v1/{name=**}/x", "GET /v1/a//x", ["/v1/{name=**}/x", "a/"]],
    ["GET /v1/{name=**}/x", "GET /v1//x", undefined],
    ["GET /v1/{name=**}/x", "GET /v1/x", undefined],
    ["GET /v1/{name=**}/x", "GET /v1/x/x/x", ["/v1/{name=**}/x", "x/x"]],
    [
      "GET /v1/{name=**}/x/{path=c/*}:y",
      "GET /v1/a/b/x/c/d:y",
      ["/v1/{name=**}/x/{path=c/*}:y", "a/b", "c/d"],
    ],
    ["GET /v1/{name=**}/{path}", "GET /v1/a/b/", undefined],
    ["GET /v1/{name}:run", "GET /v1/x:run", ["/v1/{name}:run", "x"]],
    ["GET /v1/{name}:run", "GET /v1/x%3Arun", undefined],
    ["GET /v1/{name}:run", "GET /v1/x%3Arun:run", ["/v1/{name}:run", "x:run"]],
    ["GET /v1/{name}:run", "GET /v1/x:run:run", ["/v1/{name}:run", "x:run"]],
    ["GET /v1/{name}:a:b", "GET /v1/x:a:b", ["/v1/{name}:a:b", "x"]],
    ["GET /v1/{name}:run", "GET /v1/:run", undefined],
    ["GET /jobs/{name}/run", "GET /jobs//run", undefined],
    ["GET /jobs/{name}/run", "GET /jobs/x%2Frun", undefined],
  ])("%s and %s", (rule, request, expected) => {
    expect(matchRequest([rule], request)).toEqual(expected);
  });

  test("the error of an invalid escape names the field", () => {
    for (const path of ["/v1/%zz", "/v1/%ff", "/v1/100%"]) {
      const error = thrownBy(() => matchRequest(["GET /v1/{name}"], `GET ${path}`));
      expect(error).toHaveProperty("message", "name is not percent-encoded UTF-8");
    }
  });
});

test("the most specific template wins, whatever the order", () => {
  const rules = [
    "GET /{name=**}",
    "GET /v1/{name=**}",
    "GET /v1/{name}",
    "GET /v1/{name=a/*}",
    "GET /v1/{name}:x",
    "GET /v1/a",
  ];
  for (const order of [rules, rules.toReversed()]) {
    expect(matchRequest(order, "GET /v1/a")).toEqual(["/v1/a"]);
    expect(matchRequest(order, "GET /v1/b")).toEqual(["/v1/{name}", "b"]);
    expect(matchRequest(order, "GET /v1/b:x")).toEqual(["/v1/{name}:x", "b"]);
    expect(matchRequest(order, "GET /v1/a/b")).toEqual(["/v1/{name=a/*}", "a/b"]);
    expect(matchRequest(order, "GET /v1/b/b")).toEqual(["/v1/{name=**}", "b/b"]);
    expect(matchRequest(order, "GET /v2")).toEqual(["/{name=**}", "v2"]);
  }
});

test("a template that continues after ** wins over one that ends there", () => {
  const rules = ["GET /v1/{name=a/**}", "GET /v1/{name=a/**}/x", "GET /v1/{name=a/**}/{parent}/y"];
  for (const order of [rules, rules.toReversed()]) {
    expect(matchRequest(order, "GET /v1/a/b/x")).toEqual(["/v1/{name=a/**}/x", "a/b"]);
    expect(matchRequest(order, "GET /v1/a/b/c/y")).toEqual(["/v1/{name=a/**}/{parent}/y", "a/b", "c"]);
    expect(matchRequest(order, "GET /v1/a/x")).toEqual(["/v1/{name=a/**}", "a/x"]);
    expect(matchRequest(order, "GET /v1/a/b/z")).toEqual(["/v1/{name=a/**}", "a/b/z"]);
  }
});

test("a less specific template matches if the most specific one has another HTTP method", () => {
  expect(matchRequest(["POST /v1/a", "GET /v1/{name}"], "GET /v1/a")).toEqual(["/v1/{name}", "a"]);
  expect(matchRequest(["POST /v1/a", "GET /v1/{name}"], "POST /v1/b")).toBe("method-not-allowed");
});

test("the first of two equal templates wins", () => {
  expect(matchRequest(["GET /v1/{name}", "GET /v1/{parent}"], "GET /v1/x")).toEqual(["/v1/{name}", "x"]);
});

test("all bindings of a method are routed", () => {
  const rule: RuleText = ["GET /v1/{name=a/*}", "POST /v2/{parent}"];
  expect(matchRequest([rule], "GET /v1/a/x")).toEqual(["/v1/{name=a/*}", "a/x"]);
  expect(matchRequest([rule], "POST /v2/x")).toEqual(["/v2/{parent}", "x"]);
});
