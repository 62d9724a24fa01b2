// The public audits of GraphQL over HTTP, run against one server: node audits.mjs <url> [<header> <value>], the token in
// TOUYAN_TOKEN, the header added to every request. Prints the results as one JSON array.
import { auditServer } from 'graphql-http';

const [url, headerName, headerValue] = process.argv.slice(2);
const token = process.env.TOUYAN_TOKEN;

// The audits know nothing of tokens, and the server answers strangers 401 for everything but the schema: some audits
// (a document that does not parse, one without a known field) would then see the 401 and not what they ask about.
function fetchAsClient(address, options = {}) {
  const headers = new Headers(options.headers);
  if (headerName) headers.set(headerName, headerValue);
  if (token) headers.set('authorization', `Bearer ${token}`);
  return fetch(address, { ...options, headers, signal: AbortSignal.timeout(20_000) });
}

const results = await auditServer({ url, fetchFn: fetchAsClient });
const told = results.map(({ id, name, status, reason, response }) => ({
  id,
  name,
  status,
  reason: reason ?? null,
  httpStatus: response?.status ?? null,
}));
process.stdout.write(JSON.stringify(told));
