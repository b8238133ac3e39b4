import { asError } from "../../errors/as-error.ts";
import type { HttpRuleJson } from "../../transcoding/http-rule-json.ts";
import { annotations, type HttpRules, parseHttpRules } from "../../transcoding/http-rules.ts";
import { UsageError } from "../options.ts";
import { readFileOf } from "./read-file.ts";

const OPTION = "--rules";

/** The rules of a file, as they are and parsed. */
export interface RulesFile {
  readonly json: readonly HttpRuleJson[];
  readonly httpRules: HttpRules;
}

/**
 * Reads a file of http rules in JSON: a list of google.api.HttpRule, or an object that has it as `rules` or `http.rules`, as
 * a service's YAML does.
 *
 * @throws UsageError that names the rule
 */
export async function readRules(path: string | undefined): Promise<RulesFile> {
  if (path === undefined) return { json: [], httpRules: annotations };
  const json = rulesIn(parsedJson(await readFileOf(OPTION, path)));
  if (!Array.isArray(json)) {
    throw new UsageError(
      `${OPTION}: the file has no list of rules, {"rules": […]} or {"http": {"rules": […]}}`,
    );
  }
  const httpRules = parseHttpRules(json, (reason) => {
    return new UsageError(reason.replace(/^httpRules/, OPTION));
  });
  return { json, httpRules };
}

function parsedJson(file: Buffer): unknown {
  try {
    return JSON.parse(file.toString("utf8").replace(/^\ufeff/, ""));
  } catch (error) {
    throw new UsageError(`${OPTION}: the file is not JSON (convert YAML to it): ${asError(error).message}`);
  }
}

function rulesIn(json: unknown): unknown {
  const { http, rules } = Object(json);
  return Array.isArray(json) ? json : (rules ?? Object(http).rules);
}
