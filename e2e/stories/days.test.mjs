// The day and the period that are looked from hold from page to page, and into downloads.
import assert from "node:assert/strict";
import test from "node:test";
import { browser, owner } from "../browser.mjs";

test("a past day holds from page to page", async (t) => {
  const page = await owner(t, await browser(t));
  const day = new Date(Date.now() - 90 * 86_400_000).toISOString().slice(0, 10);
  await page.goto("/pipeline");
  const today = await page.locator("h1").innerText();
  await page.getByLabel("As of").fill(day);
  await page.waitForURL((url) => url.searchParams.get("as_of") === day);
  assert.notEqual(await page.locator("h1").innerText(), today);

  for (const name of ["Leads", "Forecast", "Scoreboard"]) {
    await page.getByRole("navigation").getByRole("link", { name, exact: true }).click();
    await page.waitForURL((url) => url.searchParams.get("as_of") === day);
    assert.match(await page.locator(".notice.past").innerText(), /nothing that was known later/);
    assert.equal(await page.getByLabel("As of").inputValue(), day);
  }
  const csv = await page.getByRole("link", { name: "CSV" }).getAttribute("href");
  assert.ok(csv.includes(`as_of=${day}`), csv);

  await page.getByRole("link", { name: "Back to today" }).click();
  assert.equal(await page.getByLabel("As of").inputValue(), "");
  assert.equal(await page.locator(".notice.past").count(), 0);
});
