// A chosen filter or day replaces what differs on the page: nothing is loaded anew, the focus
// stays, and the way back leads back.
import assert from "node:assert/strict";
import test from "node:test";
import { answer, browser, owner } from "../browser.mjs";

test("a filter replaces parts of the page alone", async (t) => {
  const page = await owner(t, await browser(t));
  await page.goto("/deals");
  const before = await answer(page);
  await page.evaluate(() => (window.isSame = true));
  const outcome = page.getByLabel("Outcome");
  await outcome.focus();
  await outcome.selectOption("won");
  await page.waitForURL((url) => url.searchParams.get("outcome") === "won");
  await page.waitForFunction((old) => document.querySelector("h1").innerText !== old, before);
  assert.ok(await page.evaluate(() => window.isSame), "the page was loaded anew");
  assert.equal(await page.evaluate(() => document.activeElement.id), "outcome");
  assert.equal(new URL(page.url()).searchParams.has("q"), false, "what is empty is not said");

  await page.goBack();
  await page.waitForFunction((old) => document.querySelector("h1").innerText === old, before);
  assert.equal(new URL(page.url()).search, "");
});

test("a chosen day reaches the links to other pages", async (t) => {
  const page = await owner(t, await browser(t));
  await page.goto("/pipeline");
  await page.evaluate(() => (window.isSame = true));
  await page.getByLabel("As of").fill("2026-06-30");
  await page.waitForURL(/as_of=2026-06-30/);
  await page.locator(".notice.past").waitFor();
  assert.ok(await page.evaluate(() => window.isSame), "the page was loaded anew");
  const forecast = page.getByRole("navigation").getByRole("link", { name: "Forecast" });
  assert.match(await forecast.getAttribute("href"), /as_of=2026-06-30/);
});
