import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md"))
  .map((name) => join("docs", name));
const pages = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", ...docs];

/** What is not code. */
function proseOf(page: string): string {
  return readFileSync(join(root, page), "utf8")
    .replace(/^```.*?^```$/gms, "")
    .replace(/`[^`\n]*`/g, "code");
}

/** The anchors of a page's headings, as code hosts make them. */
function anchorsOf(page: string): Set<string> {
  const text = readFileSync(join(root, page), "utf8");
  const anchors = new Set([...text.matchAll(/<a id="([^"]+)"/g)].map(([, id = ""]) => id));
  const headings = text.replace(/^```.*?^```$/gms, "").matchAll(/^#+ (.+)$/gm);
  for (const [, heading = ""] of headings) {
    const anchor = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-");
    let unique = anchor;
    for (let i = 1; anchors.has(unique); i++) unique = `${anchor}-${i}`;
    anchors.add(unique);
  }
  return anchors;
}

/** A newcomer reads all of README; what does not fit is a page of docs/. */
const README_LINES = 300;

const links = pages.flatMap((page) =>
  [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => ({ page, target }))
    .filter(({ target }) => !/^https?:/.test(target)),
);

test("there are links to look at", () => {
  expect(links.length).toBeGreaterThan(100);
});

test("every link leads to a file, and every anchor to a heading", () => {
  const broken = links.filter(({ page, target }) => {
    const [path = "", anchor] = target.split("#");
    const file = path === "" ? page : join(dirname(page), path);
    if (!existsSync(join(root, file))) return true;
    if (anchor === undefined || statSync(join(root, file)).isDirectory()) return false;
    return !anchorsOf(file).has(anchor);
  });
  expect(broken).toEqual([]);
});

test("README is short", () => {
  const lines = readFileSync(join(root, "README.md"), "utf8").trimEnd().split("\n");
  expect(lines.length).toBeLessThan(README_LINES);
});

test("the index of docs/ has every page", () => {
  const listed = links
    .filter(({ page }) => page === "docs/README.md")
    .map(({ target }) => join("docs", target));
  const guides = docs.filter((page) => dirname(page) === "docs" && page !== "docs/README.md");
  expect(listed).toEqual(expect.arrayContaining(guides));
});
