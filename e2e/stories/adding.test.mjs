// Quick add: a deal from the pipeline and a lead from the leads, each with its history.
import assert from "node:assert/strict";
import test from "node:test";
import { answer, browser, owner } from "../browser.mjs";

test("a deal is added where deals are", async (t) => {
  const page = await owner(t, await browser(t), { refused: true });
  const name = `Harbour lights ${process.pid}`;
  await page.goto("/pipeline");
  await page.getByText("Add a deal", { exact: true }).click();
  const form = page.getByRole("form", { name: "Add a deal" });
  const named = form.getByLabel("Name", { exact: true });
  await named.fill(name);
  await form.getByLabel("Amount").fill("lots");
  await form.getByRole("button", { name: "Add the deal" }).click();
  await form.getByRole("alert").waitFor();
  assert.equal(await named.inputValue(), name, "nothing typed is lost");
  await form.getByLabel("Amount").fill("12345.00");
  await form.getByRole("button", { name: "Add the deal" }).click();
  await page.waitForURL("**/records/deals/*?saved=1");
  assert.ok((await answer(page)).includes(name));
  assert.match(await page.locator("table").last().innerText(), /added/);

  await page.goto(`/deals?q=${encodeURIComponent(name)}`);
  assert.match(await answer(page), /^1 /);
});

test("a lead is added where leads are", async (t) => {
  const page = await owner(t, await browser(t));
  await page.goto("/leads?q=L-00001");
  await page.getByRole("link", { name: "Add a lead" }).click();
  await page.waitForURL("**/add/leads");
  const form = page.getByRole("form", { name: "Add a lead" });
  await form.getByLabel("Source").fill("A walk on the pier");
  await form.getByRole("button", { name: "Add the lead" }).click();
  await page.waitForURL("**/records/leads/*?saved=1");
  assert.match(await page.getByRole("status").innerText(), /Saved/);
  assert.ok((await page.locator("main").innerText()).includes("A walk on the pier"));
});
