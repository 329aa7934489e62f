// Pay: from the plans to one statement, what it would be, and a dispute that the locked one refuses.
import assert from "node:assert/strict";
import test from "node:test";
import { answer, browser, owner } from "../browser.mjs";

test("a statement opens down to its lines, and says what more would pay", async (t) => {
  const page = await owner(t, await browser(t), { refused: true });
  await page.goto("/pay");
  const statements = page.locator('tbody a[href*="payee="]');
  const addresses = await statements.evaluateAll((links) => links.map((link) => link.href));
  await statements.first().click();
  await page.waitForURL(/\/pay\/statement/);
  assert.match(await answer(page), /pays .+ USD/);
  const lines = await page.locator("tbody").nth(1).innerText();
  assert.match(lines, /deal D-\d+: .+ = .+ USD/);

  const what = page.getByRole("form", { name: "What if more were won" });
  // Not every payee of a small company has open deals.
  for (const address of addresses) {
    await page.goto(address);
    if ((await what.count()) > 0) break;
  }
  const box = what.getByRole("checkbox").first();
  const deal = await box.getAttribute("value");
  await box.check();
  await page.waitForURL((url) => url.searchParams.get("if") === deal);
  await page.getByRole("status").filter({ hasText: `With ${deal} won today` }).waitFor();
});

test("the relay says how likely it pays", async (t) => {
  const page = await owner(t, await browser(t));
  await page.goto("/pay");
  await page.getByRole("link", { name: /How likely the relay/ }).first().click();
  await page.waitForURL(/\/pay\/relay/);
  assert.match(await answer(page), /to all or none: .+\s%\slikely/);
  assert.ok((await page.locator("tbody tr").count()) > 1);
});
