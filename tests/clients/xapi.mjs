// @xapi/xapi against the record store named in the environment: statements, documents, agents, activities, both versions.
import XAPIModule from "@xapi/xapi";

const XAPI = XAPIModule.default ?? XAPIModule;
const version = process.env.XAPI_VERSION;
process.on("uncaughtException", (error) => { console.error(error.message, JSON.stringify(error.response?.data), error.config?.url, error.stack?.split("\n").filter((line) => line.includes("xapi.mjs")).join()); process.exit(1); });
const auth = XAPI.toBasicAuth(process.env.LRS_KEY, process.env.LRS_SECRET);
const xapi = new XAPI({ endpoint: process.env.LRS_ENDPOINT, auth, version });

const actor = { objectType: "Agent", name: "Some Body", mbox: "mailto:xapi-js@example.org" };
const object = { objectType: "Activity", id: "https://example.org/xapi-js", definition: { name: { en: "Thing" } } };
const verb = { id: "http://adlnet.gov/expapi/verbs/attempted", display: { en: "attempted" } };
const found = {};

const sent = await xapi.sendStatement({ statement: { actor, verb, object } });
found.id = sent.data[0];
await xapi.sendStatements({ statements: [{ actor, verb, object }, { actor, verb, object }] });
found.read = (await xapi.getStatement({ statementId: found.id })).data.object.id;
const page = await xapi.getStatements({ agent: actor, limit: 2 });
found.page = page.data.statements.length;
found.rest = (await xapi.getMoreStatements({ more: page.data.more })).data.statements.length;
await xapi.voidStatement({ actor, statementId: found.id });
found.voided = (await xapi.getVoidedStatement({ voidedStatementId: found.id })).data.id;

const place = { agent: actor, activityId: object.id, stateId: "bookmark" };
await xapi.createState({ ...place, state: { page: 1 } });
await xapi.createState({ ...place, state: { part: 2 } });
found.state = (await xapi.getState(place)).data;
found.states = (await xapi.getStates({ agent: actor, activityId: object.id })).data;
await xapi.deleteState(place);
const profile = { activityId: object.id, profileId: "p" };
await xapi.setActivityProfile({ ...profile, profile: { a: 1 }, etag: "*", matchHeader: "If-None-Match" });
const held = await xapi.getActivityProfile(profile);
await xapi.setActivityProfile({ ...profile, profile: { a: 2 }, etag: held.headers.etag, matchHeader: "If-Match" });
found.profile = (await xapi.getActivityProfile(profile)).data;
await xapi.setAgentProfile({ agent: actor, profileId: "p", profile: { b: 1 }, etag: "*", matchHeader: "If-None-Match" });
found.agentProfiles = (await xapi.getAgentProfiles({ agent: actor })).data;
found.person = (await xapi.getAgent({ agent: actor })).data.name;
found.activity = (await xapi.getActivity({ activityId: object.id })).data.definition.name;
found.about = (await xapi.getAbout()).data.version;
console.log(JSON.stringify(found));
