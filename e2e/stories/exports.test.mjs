// What a page shows can be taken along: CSV, XLSX and JSON.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";
import { browser, owner } from "../browser.mjs";

test("the deals are downloaded in every form", async (t) => {
  const page = await owner(t, await browser(t));
  await page.goto("/deals");
  const name = await page.locator("tbody a").first().innerText();
  const csv = (await downloaded(page, "CSV")).toString("utf8");
  assert.ok(csv.includes(name), `${name} is not among ${csv.slice(0, 500)}`);
  assert.equal((await downloaded(page, "XLSX")).toString("latin1", 0, 2), "PK");
  assert.ok(JSON.parse(await downloaded(page, "JSON")).found > 0);
});

async function downloaded(page, name) {
  const begun = page.waitForEvent("download");
  await page.getByRole("link", { name, exact: true }).click();
  return readFile(await (await begun).path());
}
