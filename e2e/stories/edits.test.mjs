// Editing a deal in its page: the journal has it, and of two people nobody loses anything.
import assert from "node:assert/strict";
import test from "node:test";
import { answer, browser, owner, signIn, visitor } from "../browser.mjs";
import { member, shared } from "../world.mjs";

test("an edit is seen in the deal's history", async (t) => {
  const page = await owner(t, await browser(t));
  await page.goto("/deals");
  await page.locator("tbody a").first().click();
  await page.waitForURL("**/records/deals/*");
  await page.getByLabel("next step").fill("Call the buyer on Monday");
  await page.getByLabel("amount").fill("123456.00");
  await page.getByLabel("Why you change it").fill("asked for by phone");
  await page.getByRole("button", { name: "Save" }).click();

  assert.match(await page.getByRole("status").innerText(), /Saved/);
  assert.match(await answer(page), /123,?456/);
  const journal = await page.locator("table").last().innerText();
  for (const told of ["Call the buyer on Monday", "asked for by phone", "member:"]) {
    assert.ok(journal.includes(told), `${told} is not in the journal: ${journal}`);
  }
  await page.goto("/journal/proof");
  assert.match(await answer(page), /The journal holds/);
});

test("of two who edit one deal the second is told, and keeps what was typed", async (t) => {
  const manager = await member(shared().folder, "sales manager");
  const chromium = await browser(t);
  const first = await owner(t, chromium);
  await first.goto("/deals");
  await first.locator("tbody a").last().click();
  await first.waitForURL("**/records/deals/*");
  const second = await visitor(t, chromium, shared(), { refused: true });
  await signIn(second, manager, new URL(first.url()).pathname);
  await first.getByLabel("next step").fill("Send the offer");
  await first.getByRole("button", { name: "Save" }).click();
  await first.getByRole("status").waitFor();
  await second.getByLabel("next step").fill("Call the lawyer");
  await second.getByRole("button", { name: "Save" }).click();

  assert.match(await second.getByRole("alert").innerText(), /somebody else/);
  assert.equal(await second.getByLabel("next step").inputValue(), "Call the lawyer");
  await second.getByRole("button", { name: "Save" }).click();
  await second.getByRole("status").waitFor();
  const journal = await second.locator("table").last().innerText();
  for (const told of ["Send the offer", "Call the lawyer"]) assert.ok(journal.includes(told));
});
