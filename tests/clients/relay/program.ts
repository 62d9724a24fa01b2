// The store of Relay over one server: node program.js <url> <id of a programme>, the token in TOUYAN_TOKEN. Pages grow
// in the store, mutations change and delete what it holds, a subscription ends. Prints one JSON object of what the
// store held after each step.
import { createClient } from 'graphql-ws';
import {
  commitMutation,
  Environment,
  fetchQuery,
  getSingularSelector,
  Network,
  Observable,
  RecordSource,
  requestSubscription,
  Store,
} from 'relay-runtime';
import type {
  FetchFunction,
  GraphQLResponse,
  GraphQLTaggedNode,
  MutationParameters,
  OperationType,
  ReaderFragment,
  SubscribeFunction,
} from 'relay-runtime';
import WebSocket = require('ws');

import pageFragment from './__generated__/Candidates_page.graphql';
import type { Candidates_page$data, Candidates_page$key } from './__generated__/Candidates_page.graphql';
import morePages from './__generated__/CandidatesPaginationQuery.graphql';
import type { CandidatesPaginationQuery } from './__generated__/CandidatesPaginationQuery.graphql';
import firstPage from './__generated__/CandidatesQuery.graphql';
import type { CandidatesQuery } from './__generated__/CandidatesQuery.graphql';
import rowFragment from './__generated__/Candidates_row.graphql';
import type { Candidates_row$data, Candidates_row$key } from './__generated__/Candidates_row.graphql';
import rowAgain from './__generated__/CandidatesRowRefetchQuery.graphql';
import type { CandidatesRowRefetchQuery } from './__generated__/CandidatesRowRefetchQuery.graphql';
import setTags from './__generated__/CandidatesTagMutation.graphql';
import type { CandidatesTagMutation } from './__generated__/CandidatesTagMutation.graphql';
import addPin from './__generated__/PinsAddMutation.graphql';
import type { PinsAddMutation } from './__generated__/PinsAddMutation.graphql';
import pinsOf from './__generated__/PinsQuery.graphql';
import type { PinsQuery } from './__generated__/PinsQuery.graphql';
import removePin from './__generated__/PinsRemoveMutation.graphql';
import type { PinsRemoveMutation } from './__generated__/PinsRemoveMutation.graphql';
import itemsFragment from './__generated__/Runs_items.graphql';
import type { Runs_items$data, Runs_items$key } from './__generated__/Runs_items.graphql';
import moreItems from './__generated__/RunsItemsPaginationQuery.graphql';
import type { RunsItemsPaginationQuery } from './__generated__/RunsItemsPaginationQuery.graphql';
import watchRun from './__generated__/RunsProgressSubscription.graphql';
import type { RunsProgressSubscription } from './__generated__/RunsProgressSubscription.graphql';
import runQuery from './__generated__/RunsQuery.graphql';
import type { RunsQuery } from './__generated__/RunsQuery.graphql';
import startRun from './__generated__/RunsStartMutation.graphql';
import type { RunsStartMutation } from './__generated__/RunsStartMutation.graphql';

const [, , url = '', programId = ''] = process.argv;
const authorization = `Bearer ${process.env.TOUYAN_TOKEN}`;
const PATIENCE_MS = 40_000;

const fetchOperation: FetchFunction = async (operation, variables) => {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      accept: 'application/graphql-response+json',
      'content-type': 'application/json',
      authorization,
    },
    body: JSON.stringify({ query: operation.text, variables }),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  return (await response.json()) as GraphQLResponse;
};

const socket = createClient({
  url: url.replace('http', 'ws'),
  webSocketImpl: WebSocket,
  connectionParams: { authorization },
  retryAttempts: 0,
});

const subscribeToOperation: SubscribeFunction = (operation, variables) =>
  Observable.create<GraphQLResponse>((sink) =>
    socket.subscribe(
      { query: operation.text ?? '', operationName: operation.name, variables },
      {
        next: (result) => sink.next(result as GraphQLResponse),
        error: (problem) => sink.error(problem instanceof Error ? problem : new Error(JSON.stringify(problem))),
        complete: () => sink.complete(),
      },
    ),
  );

const environment = new Environment({
  network: Network.create(fetchOperation, subscribeToOperation),
  store: new Store(new RecordSource()),
});

function sure<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new Error(`the server left out ${what}`);
  return value;
}

async function load<Q extends OperationType>(request: GraphQLTaggedNode, variables: Q['variables']): Promise<Q['response']> {
  return sure(await fetchQuery<Q>(environment, request, variables).toPromise(), 'an answer');
}

function change<M extends MutationParameters>(request: GraphQLTaggedNode, variables: M['variables']): Promise<M['response']> {
  return new Promise((resolve, reject) => {
    commitMutation<M>(environment, {
      mutation: request,
      variables,
      onCompleted: (data, errors) => (errors?.length ? reject(new Error(JSON.stringify(errors))) : resolve(data)),
      onError: reject,
    });
  });
}

function watch(runId: string): Promise<string[]> {
  const heard: string[] = [];
  return new Promise((resolve, reject) => {
    requestSubscription<RunsProgressSubscription>(environment, {
      subscription: watchRun,
      variables: { runId },
      onNext: (data) => {
        const event = sure(data, 'an event').matchRunProgress;
        if (event.kind !== 'FIGURES') heard.push(`${event.offset} ${event.kind}`);
      },
      onCompleted: () => resolve(heard),
      onError: reject,
    });
  });
}

// What the store holds of a fragment at this moment: what a component would be given.
function read<D>(fragment: ReaderFragment, key: unknown): D {
  const selector = sure(getSingularSelector(fragment, key), 'a selector');
  const snapshot = environment.lookup(selector);
  if (snapshot.isMissingData) throw new Error(`the store misses data of ${fragment.name}`);
  return snapshot.data as D;
}

const readPage = (key: Candidates_page$key): Candidates_page$data => read(pageFragment, key);
const readRow = (key: Candidates_row$key): Candidates_row$data => read(rowFragment, key);
const readItems = (key: Runs_items$key): Runs_items$data => read(itemsFragment, key);

async function growCandidates(): Promise<{ sizes: number[]; total: number; rows: Candidates_row$data[] }> {
  const key = await load<CandidatesQuery>(firstPage, { count: 5 });
  const sizes: number[] = [];
  for (;;) {
    const { edges, pageInfo, totalCount } = sure(readPage(key).reserveCandidates, 'the page');
    sizes.push(edges.length);
    if (!pageInfo.hasNextPage) return { sizes, total: totalCount, rows: edges.map((edge) => readRow(edge.node)) };
    await load<CandidatesPaginationQuery>(morePages, { count: 5, cursor: pageInfo.endCursor });
  }
}

async function tagCandidate(row: Candidates_row$data): Promise<object> {
  const input = { id: row.id, changes: { tags: ['relay'] }, expectedVersion: row.version };
  const key = sure((await load<CandidatesRowRefetchQuery>(rowAgain, { id: row.id })).node, 'the candidate');
  const before = readRow(key);
  const { updateReserveCandidate } = await change<CandidatesTagMutation>(setTags, { input });
  const after = readRow(key);
  const stale = await change<CandidatesTagMutation>(setTags, { input });
  return {
    sameAsInPage: JSON.stringify(before) === JSON.stringify(row),
    userErrors: sure(updateReserveCandidate, 'a payload').userErrors,
    tags: after.tags,
    versions: after.version - before.version,
    stale: sure(stale.updateReserveCandidate, 'a payload').userErrors.map((error) => error.code),
  };
}

async function pinCandidate(menteeId: string): Promise<object> {
  const { mentors, node: program } = await load<PinsQuery>(pinsOf, { id: programId });
  const mentorId = sure(mentors?.nodes[0], 'a mentor').id;
  const input = { programId, menteeId, mentorId, reason: 'asked for by a client' };
  const added = sure((await change<PinsAddMutation>(addPin, { input })).addPin, 'a payload');
  const pin = sure(added.pin, 'the pin');
  const mentee = sure(pin.mentee, 'the mentee');
  const candidate = mentee.__typename === 'ReserveCandidate' ? sure(mentee.candidate, 'the candidate') : null;
  const isHeld = () => (environment.getStore().getSource().get(pin.id) ?? null) !== null;
  const isHeldBefore = isHeld();
  const removed = sure((await change<PinsRemoveMutation>(removePin, { input: { id: pin.id } })).removePin, 'a payload');
  return {
    before: program?.pins?.nodes.length,
    added: pin.program?.pins?.nodes.map((one) => one.id === pin.id),
    isOfCandidate: candidate !== null && readRow(candidate).id === menteeId,
    isRemoved: removed.removedId === pin.id,
    isHeldBefore,
    isHeldAfter: isHeld(),
    left: (await load<PinsQuery>(pinsOf, { id: programId })).node?.pins?.nodes.length,
  };
}

async function runProgram(): Promise<object> {
  const input = { programId, mode: 'FINAL', idempotencyKey: 'relay' } as const;
  const started = sure((await change<RunsStartMutation>(startRun, { input })).startMatchRun, 'a payload');
  const id = sure(started.matchRun, 'the run').id;
  const heard = await watch(id);
  const run = sure((await load<RunsQuery>(runQuery, { id, count: 10 })).matchRun, 'the run');
  const plan = sure(run.plans[0], 'a plan');
  const sizes: number[] = [];
  for (;;) {
    const { edges, pageInfo } = readItems(plan).items;
    sizes.push(edges.length);
    if (!pageInfo.hasNextPage) return { heard, state: run.state, sizes };
    await load<RunsItemsPaginationQuery>(moreItems, { id: plan.id, count: 10, cursor: pageInfo.endCursor });
  }
}

async function main(): Promise<void> {
  const { rows, sizes, total } = await growCandidates();
  const row = sure(rows[0], 'a candidate');
  const pages = { sizes, total, distinct: new Set(rows.map((each) => each.id)).size };
  const told = { pages, tag: await tagCandidate(row), pin: await pinCandidate(row.id), run: await runProgram() };
  process.stdout.write(JSON.stringify(told));
  await socket.dispose();
}

void main();
