// One client of live operations against one server: node live.mjs ws|sse <url> <id of a programme>, the token in
// TOUYAN_TOKEN. Prints one JSON object: the answers to a query, a mistake and a mutation, the events of the run that the
// mutation started until the server completes them, and the events behind the first one, asked for again. A refused
// client prints `refused` alone.
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createSocketClient } from 'graphql-ws';
import WebSocket from 'ws';

const [kind, url, programId] = process.argv.slice(2);
const authorization = `Bearer ${process.env.TOUYAN_TOKEN}`;
const PATIENCE_MS = 50_000;

const START = `mutation Start($input: StartMatchRunInput!) {
  startMatchRun(input: $input) { matchRun { id state } userErrors { code } }
}`;
const WATCH = `subscription Watch($runId: ID!, $after: Int) {
  matchRunProgress(runId: $runId, after: $after) {
    offset kind share progress { state phase shareCount solvedShareCount }
  }
}`;

const clients = {
  ws: () =>
    createSocketClient({
      url: url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: { authorization },
      retryAttempts: 0,
      connectionAckWaitTimeout: PATIENCE_MS,
    }),
  sse: () => createSseClient({ url, headers: { authorization }, retryAttempts: 0, singleConnection: false }),
};
const client = clients[kind]();

async function resultsOf(query, variables) {
  const results = [];
  for await (const result of client.iterate({ query, variables })) results.push(result);
  return results;
}

async function session() {
  const query = await resultsOf('query Who { viewer { role } }');
  const mistake = await resultsOf('query Mistake { viewer { shoeSize } }').catch((errors) => ({ thrown: errors }));
  const input = { programId, mode: 'FINAL', idempotencyKey: `live-${kind}` };
  const mutation = await resultsOf(START, { input });
  const runId = mutation[0].data.startMatchRun.matchRun.id;
  const events = await resultsOf(WATCH, { runId });
  const resumed = await resultsOf(WATCH, { runId, after: 0 });
  return { query, mistake, mutation, events, resumed };
}

function refusalOf(problem) {
  // A socket is refused by the code of its close, a request by its status.
  if ('code' in problem) return { refused: { code: problem.code, reason: problem.reason } };
  if ('response' in problem) return { refused: { status: problem.response.status } };
  throw problem;
}

const patience = setTimeout(() => {
  process.stderr.write(`no end after ${PATIENCE_MS} ms\n`);
  process.exit(1);
}, PATIENCE_MS);
const told = await session().catch(refusalOf);
clearTimeout(patience);
process.stdout.write(JSON.stringify(told));
await client.dispose();
