// `kill -9` while edits are being saved: what was acknowledged is there, and the journal holds.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { baton, emptyCompany, member, scratch, serve, token } from "../world.mjs";

const WRITERS = 4;
/** Acknowledged edits after which the server is killed, and how long they may take. */
const ROUNDS = [15, 40];
const ROUND_MS_MAX = 30_000;

test("every acknowledged edit survives kill -9", async (t) => {
  const folder = await emptyCompany(t);
  await open(folder, await scratch(t));
  const email = await member(folder, "owner");
  const headers = { authorization: `Bearer ${await token(folder, email)}` };
  const saved = new Map();
  for (const edits of ROUNDS) {
    const server = await serve(t, folder);
    await proveAll(server, headers, saved);
    await editUntilKilled(server, headers, saved, edits);
  }
  await proveAll(await serve(t, folder), headers, saved);
  assert.match(await baton(folder, ["journal", "verify"]), /The journal holds/);
});

/** Gives a company deals that are edited here. */
async function open(folder, files) {
  const file = join(files, "deals.csv");
  const deal = (_, number) => `D-${number},Deal ${number},Discovery,1000,2026-01-05\n`;
  const rows = Array.from({ length: WRITERS }, deal).join("");
  await writeFile(file, `deal_id,name,stage,amount,created_at\n${rows}`);
  await baton(folder, ["import", file, "--kind", "deals"]);
  await baton(folder, ["record", "master", "deals", "baton"]);
}

/** Several writers edit a deal each; once enough is acknowledged the server is killed. */
async function editUntilKilled(server, headers, saved, edits) {
  const state = { acknowledged: 0, isKilled: false };
  const ids = Array.from({ length: WRITERS }, (_, number) => `D-${number}`);
  const writers = ids.map((id) => write(server, headers, id, saved, state));
  const late = AbortSignal.timeout(ROUND_MS_MAX);
  while (state.acknowledged < edits && !late.aborted) await pause(1);
  state.isKilled = true;
  await server.stop("SIGKILL");
  await Promise.all(writers);
  assert.ok(state.acknowledged >= edits, `${state.acknowledged} edits in ${ROUND_MS_MAX} ms`);
}

/** Edits one deal again and again; what the server acknowledged, and what it may have saved. */
async function write(server, headers, id, saved, state) {
  const url = `${server.url}/api/v1/records/deals/${id}`;
  try {
    let version = (await fetch(url, { headers })).headers.get("etag");
    for (let number = 1; !state.isKilled; number++) {
      const step = `step ${server.pid}-${number}`;
      saved.set(id, { ...saved.get(id), underWay: step });
      const body = JSON.stringify({ fields: { next_step: step } });
      const held = { ...headers, "content-type": "application/json", "if-match": version };
      const answered = await fetch(url, { method: "PATCH", headers: held, body });
      assert.equal(answered.status, 200, await answered.clone().text());
      version = answered.headers.get("etag");
      saved.set(id, { acknowledged: step });
      state.acknowledged += 1;
    }
  } catch (error) {
    // The connection breaks when the server is killed, and then only.
    if (!state.isKilled) throw error;
  }
}

/** Each deal says what was acknowledged last, or what was on its way when the server died. */
async function proveAll(server, headers, saved) {
  for (const [id, { acknowledged, underWay }] of saved) {
    const url = `${server.url}/api/v1/records/deals/${id}`;
    const { fields } = await (await fetch(url, { headers })).json();
    const said = fields.next_step;
    assert.ok([acknowledged, underWay].includes(said), `${id} says ${said}, not ${acknowledged}`);
    saved.set(id, { acknowledged: said });
    const journal = await (await fetch(`${url}/journal`, { headers })).text();
    if (said) assert.ok(journal.includes(said), `${said} is not in the journal of ${id}`);
  }
}
