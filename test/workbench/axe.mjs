// What axe finds in a page.
import fs from "node:fs";
import { createRequire } from "node:module";

const axe = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * Findings that axe calls serious or critical, each with what it is about.
 * @param part A selector of the part of the page that is ours; all of it without.
 * @param rules Axe's rules that are switched off or on.
 */
export async function findings(frame, part, rules = {}) {
  await frame.evaluate(axe);
  const { violations } = await frame.evaluate(
    // Colours and all else of WCAG 2.2 A and AA, and what axe advises besides.
    ([within, chosen]) => globalThis.axe.run(within ?? document, { resultTypes: ["violations"], rules: chosen }),
    [part, rules],
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, any }) => `${html.slice(0, 160)} ${any[0]?.message ?? ""}`).join("; ")}`,
    );
}
