// Compiles filled-in e-mails with the reference implementation and says how long that took.
import { readFileSync } from "node:fs";

import mjml2html from "mjml";

const emails = JSON.parse(readFileSync(process.argv[2], "utf8"));

async function compiled() {
  const [began, beganAtWork] = [performance.now(), process.cpuUsage()];
  for (const email of emails) await mjml2html(email, { validationLevel: "skip" });
  const { user, system } = process.cpuUsage(beganAtWork);
  return { seconds: (performance.now() - began) / 1000, cpu_seconds: (user + system) / 1e6 };
}

await compiled(); // as the others do it once before they are measured
console.log(JSON.stringify({ emails: emails.length, ...(await compiled()) }));
