// The journal is searched: what somebody changed is found by who, what and where, and leads back.
import assert from "node:assert/strict";
import test from "node:test";
import { answer, browser, findings, overhang, owner } from "../browser.mjs";

test("an edit is found in the journal and leads to its deal", async (t) => {
  const page = await owner(t, await browser(t));
  await page.goto("/deals");
  await page.locator("tbody a").nth(2).click();
  await page.waitForURL("**/records/deals/*");
  const deal = page.url();
  await page.getByLabel("next step").fill("Ask the ombudsman");
  await page.getByLabel("Why you change it").fill("the buyer asked");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("status").waitFor();

  await page.goto("/journal");
  assert.match(await answer(page), /the newest first/);
  const newest = await page.locator("tbody tr").first().innerText();
  assert.ok(newest.includes("Ask the ombudsman"), newest);
  await page.getByLabel("Cause").selectOption("edit");
  await page.waitForURL("**cause=edit*");
  await page.getByLabel("Text").fill("ombudsman");
  await page.getByRole("button", { name: "Search" }).click();
  await page.waitForURL("**q=ombudsman*");
  assert.match(await answer(page), /^1 entry/);
  assert.equal(await page.getByLabel("Cause").inputValue(), "edit");
  await page.locator("tbody a").first().click();
  await page.waitForURL("**/records/deals/*");
  assert.equal(new URL(page.url()).pathname, new URL(deal).pathname);
});

test("older entries follow page by page, and nothing hangs over", async (t) => {
  const page = await owner(t, await browser(t));
  await page.goto("/journal?kind=deals");
  const last = await page.locator("tbody tr").last().innerText();
  await page.getByRole("link", { name: "Older entries" }).click();
  await page.waitForURL("**after=*");
  assert.notEqual(await page.locator("tbody tr").first().innerText(), last);
  assert.equal(await page.getByLabel("Kind").inputValue(), "deals");
  for (const width of [1440, 390]) {
    await page.setViewportSize({ width, height: 900 });
    assert.equal(await overhang(page), 0, `at ${width} px the page is wider than the window`);
    assert.deepEqual(await findings(page), []);
  }
});
