// The pipeline on a board: narrowed, looked at on a past day, and the address holds it all.
import assert from "node:assert/strict";
import test from "node:test";
import { answer, browser, owner } from "../browser.mjs";

test("the board is narrowed, and its address shows the same to others", async (t) => {
  const chromium = await browser(t);
  const page = await owner(t, chromium);
  await page.goto("/pipeline?view=board");
  const stages = page.locator(".board section");
  const all = await page.locator(".card").count();
  const stage = await stages.first().locator("h2").innerText();
  const deals = await stages.first().locator(".card").count();
  assert.ok(all > deals && deals > 0, "more than one stage has deals");

  const narrow = page.getByRole("form", { name: "Narrow the deals" });
  await narrow.getByLabel("Stage").selectOption(stage);
  await page.waitForURL((url) => url.searchParams.get("stage") === stage);
  const url = page.url();
  assert.equal(new URL(url).searchParams.get("view"), "board");
  assert.equal(await page.locator(".card").count(), deals);

  const other = await owner(t, chromium);
  await other.goto(url);
  assert.equal(await other.locator(".card").count(), deals);
  assert.equal(await answer(other), await answer(page));
  await other.getByRole("list", { name: "View" }).getByRole("link").first().click();
  await other.waitForURL((url) => url.searchParams.get("view") !== "board");
  assert.equal(new URL(other.url()).searchParams.get("stage"), stage);
  assert.equal(await other.locator(".card").count(), 0);
});

test("the board of a past day says so", async (t) => {
  const page = await owner(t, await browser(t));
  await page.goto("/pipeline?view=board");
  const slider = page.locator("input[data-days]");
  const past = Number(await slider.getAttribute("max")) - 60;
  await slider.fill(String(past));
  const day = new Date(past * 86400000).toISOString().slice(0, 10);
  assert.equal(await page.locator('output[for="day"]').innerText(), day);
  await page.getByRole("button", { name: "Show the day" }).click();
  await page.locator(".notice.past").waitFor();
  assert.equal(await page.locator("#as-of").inputValue(), day);
});
