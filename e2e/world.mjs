// The stories' world: companies, members, and servers that end with their story.
//
// Knows the binary's command line and how one signs in; knows no page. The environment names the
// binary, the browser and a folder for all that is left (BATON_BINARY, BATON_CHROMIUM,
// BATON_SCRATCH: `cargo xtask stories` sets them) and the world that all stories share (BATON_DEMO,
// BATON_URL, BATON_OWNER: run.mjs sets them).
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const STOP_SECONDS_MAX = 10;

export const PASSWORD = "correct horse battery staple";

/** What the environment says under a name. */
export function set(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the stories with \`cargo xtask stories\``);
  return value;
}

/** The demo company as it is served to all stories. */
export const shared = () => ({ folder: set("BATON_DEMO"), url: set("BATON_URL") });

/** Makes the demo company, small enough for a debug build. */
export async function demo(folder) {
  const size = ["--deals", "120", "--leads", "600", "--touches", "1000"];
  await baton(folder, ["demo", ...size]);
}

/** The data folder of a company without any data, gone with the test. */
export async function emptyCompany(test, name = "Acme") {
  const folder = join(await scratch(test), "company");
  await baton(folder, ["init", "--name", name, "--currency", "USD"]);
  return folder;
}

/** A file that the demo company was imported from. */
export const exported = (kind) => join(set("BATON_DEMO"), "exports", `${kind}.csv`);

/** The CRM's id of a user of the demo company. */
export async function userNamed(name) {
  const lines = (await readFile(exported("users"), "utf8")).split("\n");
  return lines.map((line) => line.split(",")).find((cells) => cells[1] === name)[0];
}

/** An empty folder, gone with the test. */
export async function scratch(test) {
  const folder = await mkdtemp(join(set("BATON_SCRATCH"), "story-"));
  test.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs a command of `baton` on a company to its end; what it printed. */
export async function baton(folder, words, input = "") {
  const running = promisify(execFile)(set("BATON_BINARY"), ["--data", folder, ...words], {
    maxBuffer: 64 << 20,
  });
  running.child.stdin.end(input);
  return (await running).stdout;
}

/** Makes a member who signs in with PASSWORD; the address. */
export async function member(folder, role, user) {
  const email = `${role.replaceAll(" ", ".")}.${process.pid}@example.com`;
  const as = ["--name", `Test ${role}`, "--role", role, ...(user ? ["--user", user] : [])];
  await baton(folder, ["member", "add", email, ...as], `${PASSWORD}\n`);
  return email;
}

/** The cookie of a member who has signed in. */
export async function session(server, email) {
  const form = new URLSearchParams({ email, password: PASSWORD });
  const entered = await fetch(`${server.url}/sign-in`, {
    method: "POST",
    body: form,
    redirect: "manual",
  });
  if (entered.status !== 303) throw new Error(`${email} could not sign in: ${entered.status}`);
  return entered.headers.get("set-cookie").split(";")[0];
}

/** A token with which a program writes for a member. */
export async function token(folder, email) {
  const words = ["member", "token", email, "--name", "stories", "--write", "--days", "1"];
  return (await baton(folder, words)).trim();
}

/** Serves a company on a free port of this machine until the test is over. */
export const serve = (test, folder, ...flags) => serveAt(test, 0, folder, ...flags);

/** As `serve`, on a port, such as that of a server before. */
export async function serveAt(test, port, folder, ...flags) {
  const words = ["--data", folder, "serve", "--listen", `127.0.0.1:${port}`, ...flags];
  const server = spawn(...endingWithThis(set("BATON_BINARY"), words), {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => server.once("exit", resolve));
  const stop = async (signal = "SIGTERM") => {
    server.kill(signal);
    const late = setTimeout(() => server.kill("SIGKILL"), STOP_SECONDS_MAX * 1000);
    await ended;
    clearTimeout(late);
  };
  test.after(() => stop());
  return { url: await address(server, ended), pid: server.pid, stop };
}

/** Where a server says that it listens. */
async function address(server, ended) {
  const said = new Promise((resolve) => {
    createInterface({ input: server.stdout }).on("line", (line) => {
      const found = line.match(/http:\/\/[\d.]+:\d+/);
      if (found) resolve(found[0]);
    });
  });
  const url = await Promise.race([said, ended]);
  if (typeof url !== "string") throw new Error("the server ended before it listened");
  return url;
}

/** A command that the kernel ends with this process, where it can. */
function endingWithThis(program, words) {
  if (process.platform !== "linux") return [program, words];
  return ["setpriv", ["--pdeathsig", "TERM", "--", program, ...words]];
}
