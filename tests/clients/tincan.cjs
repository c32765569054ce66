// tincanjs against the record store named in the environment, as courseware of its time uses it.
const TinCan = require("tincanjs");

const lrs = new TinCan.LRS({
  endpoint: process.env.LRS_ENDPOINT,
  username: process.env.LRS_KEY,
  password: process.env.LRS_SECRET,
  version: "1.0.2", // the newest that it knows
  allowFail: false,
});
const agent = new TinCan.Agent({ mbox: "mailto:tincanjs@example.org", name: "Some Body" });
const activity = new TinCan.Activity({ id: "https://example.org/tincanjs", definition: { name: { en: "Thing" } } });
const verb = new TinCan.Verb({ id: "http://adlnet.gov/expapi/verbs/experienced", display: { en: "experienced" } });
const statement = () => new TinCan.Statement({ actor: agent, verb, target: activity });

// Every call of tincanjs ends in callback(error, result).
const call = (name, ...given) =>
  new Promise((resolve, reject) => {
    const config = typeof given.at(-1) === "object" && given.at(-1)?.constructor === Object ? given.pop() : {};
    lrs[name](...given, { ...config, callback: (error, result) => (error !== null ? reject(new Error(`${name}: ${error} ${result?.responseText ?? ""}`)) : resolve(result)) });
  });

(async () => {
  const found = {};
  const one = statement();
  await call("saveStatement", one, {});
  await call("saveStatements", [statement(), statement()], {});
  found.read = (await call("retrieveStatement", one.id, {})).target.id;
  const page = await call("queryStatements", { params: { agent, limit: 2 } });
  found.page = page.statements.length;
  found.rest = (await call("moreStatements", { url: page.more })).statements.length;
  const state = { agent, activity, contentType: "application/json" };
  await call("saveState", "bookmark", { page: 1 }, state);
  await call("saveState", "bookmark", { page: 2 }, state);
  found.state = (await call("retrieveState", "bookmark", { agent, activity })).contents;
  await call("dropState", "bookmark", { agent, activity });
  await call("saveActivityProfile", "p", { a: 1 }, { activity, contentType: "application/json" });
  const profile = await call("retrieveActivityProfile", "p", { activity });
  await call("saveActivityProfile", "p", { a: 2 }, { activity, contentType: "application/json", lastSHA1: profile.etag.replaceAll('"', "") });
  found.profile = (await call("retrieveActivityProfile", "p", { activity })).contents;
  found.activity = (await call("retrieveActivity", activity.id, {})).definition.name.en;
  console.log(JSON.stringify(found));
})().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
