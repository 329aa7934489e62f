// Teams: made, joined and left by an owner, on the page where access is settled.
import assert from "node:assert/strict";
import test from "node:test";
import { answer, browser, findings, overhang, owner } from "../browser.mjs";

test("an owner makes a team and changes who is in it", async (t) => {
  const page = await owner(t, await browser(t), { refused: true });
  await page.goto("/members");
  await page.getByRole("link", { name: "Teams" }).click();
  const keep = page.getByRole("button", { name: "Let Baton keep the teams" });
  if ((await keep.count()) > 0) await keep.click();
  await keep.waitFor({ state: "detached" });
  const someone = (await page.locator(".team li span").first().innerText()).trim();
  const make = async () => {
    await page.getByLabel("Name", { exact: true }).fill("Harbour");
    await page.getByRole("button", { name: "Make the team" }).click();
  };
  await make();
  const harbour = page.getByRole("region", { name: "Harbour" });
  await harbour.waitFor();
  await harbour.getByLabel(/User of the CRM/).fill(someone);
  await harbour.getByRole("button", { name: "Add to Harbour" }).click();
  await harbour.getByText(someone).waitFor();
  await make();
  assert.match(await page.getByRole("alert").innerText(), /Harbour already/);
  assert.deepEqual(await findings(page), []);
  await page.setViewportSize({ width: 390, height: 900 });
  assert.equal(await overhang(page), 0);
  await harbour.getByRole("button", { name: `Take out ${someone} of Harbour` }).click();
  await harbour.getByText("Nobody yet").waitFor();
  assert.match(await answer(page), /users in/);
});
