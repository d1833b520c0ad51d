// Sends with Segment's client for Node: KEY HOST COUNT.

import { Analytics } from "@segment/analytics-node";

const [key, host, count] = process.argv.slice(2);
const failed = [];
const client = new Analytics({ writeKey: key, host, path: "/v1/batch", maxEventsInBatch: 50, maxRetries: 8 });
client.on("error", (error) => failed.push(error));
const userId = "segment_node";
for (let n = 0; n < Number(count); n++) {
  client.track({ userId: `${userId}-${n % 3}`, event: "Product Viewed", properties: { n, sign: "ä🎉" } });
}
client.track({ anonymousId: `${userId}-visitor`, event: "Added", properties: { n: "a" } });
client.identify({ userId, anonymousId: `${userId}-visitor`, traits: { email: `${userId}@example.com` } });
client.page({ userId, name: "Docs", properties: { url: "https://shop.example/docs" } });
client.screen({ userId, name: "Home" });
client.group({ userId, groupId: "g1", traits: { name: "Acme" } });
client.alias({ userId, previousId: `${userId}-old` });
await client.closeAndFlush({ timeout: 40000 });
if (failed.length) throw new Error(JSON.stringify(failed));
