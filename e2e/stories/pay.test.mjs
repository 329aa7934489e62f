// Pay: from the plans to one statement, what it would be, and a dispute that the locked one refuses.
import assert from "node:assert/strict";
import test from "node:test";
import { answer, browser, owner } from "../browser.mjs";

test("a statement opens down to its lines, and says what more would pay", async (t) => {
  const page = await owner(t, await browser(t), { refused: true });
  await page.goto("/pay");
  await page.locator('tbody a[href*="payee="]').first().click();
  await page.waitForURL(/\/pay\/statement/);
  assert.match(await answer(page), /pays .+ USD/);
  const lines = await page.locator("tbody").nth(1).innerText();
  assert.match(lines, /deal D-\d+: .+ = .+ USD/);

  await page.goto("/deals");
  const deal = await page.locator("tbody a").first().innerText();
  await page.goBack();
  const what = page.getByRole("form", { name: "What if more were won" });
  await what.getByLabel(/If these open deals/).fill("no-such-deal");
  await what.getByRole("button").click();
  await page.getByText("no-such-deal").first().waitFor();
  await what.getByLabel(/If these open deals/).fill(deal);
  await what.getByRole("button").click();
  await page.waitForURL((url) => url.searchParams.get("if") === deal);
});

test("the relay says how likely it pays", async (t) => {
  const page = await owner(t, await browser(t));
  await page.goto("/pay");
  await page.getByRole("link", { name: /How likely the relay/ }).first().click();
  await page.waitForURL(/\/pay\/relay/);
  assert.match(await answer(page), /to all or none: .+\s%\slikely/);
  assert.ok((await page.locator("tbody tr").count()) > 1);
});
