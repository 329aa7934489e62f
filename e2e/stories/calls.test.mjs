// Forecast calls: what is said of a period is kept beside what was said before, and what will not
// do is told where it was typed.
import assert from "node:assert/strict";
import test from "node:test";
import { browser, owner } from "../browser.mjs";

test("a period is called, and called again", async (t) => {
  const page = await owner(t, await browser(t), { refused: true });
  await page.goto("/forecast");
  const form = page.getByRole("form", { name: "Call the period" });
  const say = async (commit, best, note) => {
    await form.getByLabel("Commit").fill(commit);
    await form.getByLabel("Best case").fill(best);
    await form.getByLabel("Note").fill(note);
    await form.getByRole("button", { name: "Submit the call" }).click();
  };
  await say("much", "97000000", "a hunch");
  const wrong = form.getByRole("alert");
  await wrong.waitFor();
  assert.equal(await form.getByLabel("Commit").getAttribute("aria-invalid"), "true");
  assert.equal(await form.getByLabel("Best case").inputValue(), "97000000");
  assert.equal(await form.getByLabel("Note").inputValue(), "a hunch");

  for (const [commit, best, note] of [
    ["91000000", "97000000", "all that is signed"],
    ["92000000", "98000000", "and one more"],
  ]) {
    await say(commit, best, note);
    await page.getByRole("status").waitFor();
    assert.match(await page.getByRole("status").innerText(), /Your call is in/);
  }
  await page.getByRole("link", { name: "earlier ones stay in the list" }).click();
  await page.waitForURL("**/calls?period=*");
  const calls = await page.locator("main").innerText();
  for (const told of ["91,000,000", "92,000,000", "all that is signed", "and one more"]) {
    assert.ok(calls.includes(told), `${told} is not in the list: ${calls}`);
  }
});
