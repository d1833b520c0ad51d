// Sends with RudderStack's client for Node: KEY HOST COUNT.

const Client = require("@rudderstack/rudder-sdk-node");

const [key, dataPlaneUrl, count] = process.argv.slice(2);
const client = new Client(key, { dataPlaneUrl, flushAt: 50, flushInterval: 200 });
const userId = "rudder_node";
let waiting = 0;

function told(error) {
  if (error) throw error;
  waiting -= 1;
  if (!waiting) process.exit(0);
}

function send(kind, message) {
  waiting += 1;
  client[kind](message, told);
}

for (let n = 0; n < Number(count); n++) {
  send("track", { userId: `${userId}-${n % 3}`, event: "Product Viewed", properties: { n, sign: "ä🎉" } });
}
send("track", { anonymousId: `${userId}-visitor`, event: "Added", properties: { n: "a" } });
send("identify", { userId, anonymousId: `${userId}-visitor`, traits: { email: `${userId}@example.com` } });
send("page", { userId, name: "Docs", properties: { url: "https://shop.example/docs" } });
send("screen", { userId, name: "Home" });
send("group", { userId, groupId: "g1", traits: { name: "Acme" } });
send("alias", { userId, previousId: `${userId}-old` });
