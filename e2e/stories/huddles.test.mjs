// A huddle: begun, written down at, followed up at the next one.
import assert from "node:assert/strict";
import test from "node:test";
import { answer, browser, owner } from "../browser.mjs";

/** A debug build takes its time over an agenda, which looks at the company on six days. */
const AGENDA_MILLISECONDS_MAX = 120_000;

test("a huddle is held, and its action is ended at the next one", async (t) => {
  const page = await owner(t, await browser(t), { refused: true });
  page.setDefaultTimeout(AGENDA_MILLISECONDS_MAX);
  await page.goto("/huddle");
  const end = page.getByRole("button", { name: "End the huddle" });
  if ((await end.count()) > 0) await end.click();
  const begin = page.getByRole("button", { name: "Begin the next huddle" });
  await begin.click();
  await end.waitFor();
  const held = Number((await answer(page)).match(/Huddle (\d+)/)[1]);
  assert.ok(await page.getByRole("heading", { name: "Where we stand" }).isVisible());

  await page.getByLabel("What was said or decided").fill("Old deals are looked at first");
  await page.getByRole("button", { name: "A decision" }).click();
  await page.getByRole("cell", { name: "Old deals are looked at first" }).waitFor();
  const action = page.getByRole("form", { name: "An action" });
  await action.getByLabel("Who does what").fill("Call the ten oldest deals");
  await action.getByLabel("Owner").fill("Hazel");
  await action.getByLabel("Due").fill("2020-01-01");
  await action.getByRole("button", { name: "Agree on it" }).click();
  assert.match(await page.getByRole("alert").innerText(), /2020-01-01 is past/);
  assert.equal(await action.getByLabel("Owner").inputValue(), "Hazel", "what was typed stays");
  await action.getByLabel("Due").fill("");
  await action.getByLabel("Metric").selectOption("win_rate");
  await action.getByRole("button", { name: "Agree on it" }).click();
  await page.getByRole("cell", { name: /win rate: .+ → / }).first().waitFor();
  await end.click();
  await begin.waitFor();

  await begin.click();
  await end.waitFor();
  assert.equal(Number((await answer(page)).match(/Huddle (\d+)/)[1]), held + 1);
  const ending = page.getByRole("form", { name: "End an action" });
  const option = ending.getByRole("option", { name: /Call the ten oldest deals/ }).last();
  await ending.getByLabel("Action").selectOption(await option.getAttribute("value"));
  await ending.getByLabel("What came of it").fill("Eight called, two won");
  await ending.getByRole("button", { name: "It is done" }).click();
  await page.getByRole("cell", { name: "Eight called, two won" }).waitFor();
  await end.click();
  await begin.waitFor();
});
