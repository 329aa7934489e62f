// Events of sites: Segment's own client while the server is killed, and the script in a browser.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import test from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Analytics } from "@segment/analytics-node";
import { browser } from "../browser.mjs";
import { baton, emptyCompany, serve, serveAt } from "../world.mjs";

const EVENTS = 600;
/** Events that were handed over when the server is killed. */
const KILLED_AFTER = [150, 380];
const PATIENCE_MS = 60_000;
/** What a browser says of itself that somebody looks at. */
const PERSON =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140 Safari/537.36";

test("Segment's client loses nothing and doubles nothing over kill -9", async (t) => {
  const folder = await emptyCompany(t);
  const writeKey = await newKey(folder);
  let server = await serve(t, folder);
  const { port } = new URL(server.url);
  const client = new Analytics({ writeKey, host: server.url, flushAt: 10, maxRetries: 20 });
  const lost = [];
  client.on("error", (error) => lost.push(error));
  for (let number = 0; number < EVENTS; number++) {
    client.track({ userId: `u${number % 50}`, event: "Signed Up", properties: { number } });
    if (KILLED_AFTER.includes(number)) {
      await server.stop("SIGKILL");
      server = await serveAt(t, port, folder);
    }
    if (number % 10 === 0) await pause(5);
  }
  await client.closeAndFlush({ timeout: PATIENCE_MS });
  assert.deepEqual(lost, []);
  await server.stop();
  await baton(folder, ["upkeep"]);
  const told = await status(folder);
  assert.equal(told.touches, EVENTS, JSON.stringify(told));
  assert.deepEqual(told.quarantined, []);
});

test("a site's script tells of pages, origins and forms, and heeds who refuses", async (t) => {
  const folder = await emptyCompany(t);
  const writeKey = await newKey(folder);
  const server = await serve(t, folder);
  const site = await aSite(t, server, writeKey);
  const opened = await browser(t);
  const visit = async (options, ...paths) => {
    const context = await opened.newContext({ userAgent: options.agent ?? PERSON });
    const requests = [];
    if (options.refuses) {
      const refuse = () =>
        Object.defineProperty(navigator, "globalPrivacyControl", { get: () => true });
      await context.addInitScript(refuse);
    }
    const page = await context.newPage();
    page.on("request", (request) => {
      if (request.url().includes("/v1/")) requests.push(request.response());
    });
    for (const [place, path] of paths.entries()) {
      await page.goto(`${site}${path}`, { referer: place > 0 ? `${site}/` : undefined });
      await Promise.all(requests);
    }
    if (options.email) {
      await page.getByLabel("E-mail").fill(options.email);
      await page.getByRole("button").click();
      await page.waitForURL("**/thanks*");
    }
    const answers = await Promise.all(requests);
    const cookies = await context.cookies();
    await context.close();
    return { answers: answers.map((answer) => answer?.status()), cookies };
  };
  const landing = "/?utm_source=spring&utm_medium=email&utm_campaign=launch";
  const person = { email: "Ann@example.com" };
  const seen = await visit(person, landing, "/form");
  assert.deepEqual(seen.cookies, []);
  // What was sent as the page was left has no answer that anybody hears.
  assert.equal(seen.answers.length, 5);
  assert.ok(seen.answers.every((code) => code === 200 || code === undefined));
  const refused = await visit({ refuses: true }, landing);
  assert.deepEqual(refused.answers, []);
  const unasked = await visit({}, "/consent");
  assert.deepEqual(unasked.answers, []);
  const agreed = await visit({}, "/consent?agree");
  assert.deepEqual(agreed.answers, [200]);
  const robot = await visit({ agent: "Mozilla/5.0 (compatible; Examplebot/1.0)" }, landing);
  assert.deepEqual(robot.answers, [200]);
  await server.stop();
  await baton(folder, ["upkeep"]);
  const told = await status(folder);
  const count = ({ outcome, what, events }) => `${outcome}, ${what}: ${events}`;
  assert.deepEqual(told.outcomes.map(count), [
    "robot, bot: 1",
    "touch, page: 2",
    "touch, track: 1",
    "who is who, identify: 1",
    "within a visit, page: 2",
  ]);
  assert.equal(told.touches, 3);
});

/** The secret of a write key that was just made. */
const newKey = async (folder) => (await baton(folder, ["track", "key", "new", "site"])).trim();

const status = async (folder) => JSON.parse(await baton(folder, ["track", "status", "--json"]));

/** A site of somebody else's, on a port of its own, with the script on its pages. */
async function aSite(t, server, writeKey) {
  const page = ({ url }) => {
    const consent = url.startsWith("/consent") ? 'data-consent="required"' : "";
    const agree = url.endsWith("agree") ? "<script src='/agree.js' defer></script>" : "";
    return `<!doctype html><title>A site</title>
      <script src="${server.url}/baton.js" data-write-key="${writeKey}" ${consent} defer></script>
      ${agree}<form name="trial" action="/thanks" data-baton-identify><label>E-mail
      <input type="email" name="mail"></label><button>Send</button></form>`;
  };
  const site = createServer((request, response) => {
    const isScript = request.url === "/agree.js";
    const kind = isScript ? "text/javascript" : "text/html";
    response.writeHead(200, { "content-type": `${kind}; charset=utf-8` });
    response.end(isScript ? "window.baton.consent(true);" : page(request));
  });
  await new Promise((ready) => site.listen(0, "127.0.0.1", ready));
  t.after(() => site.close());
  return `http://127.0.0.1:${site.address().port}`;
}
