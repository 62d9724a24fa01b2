// A small client over the generated types; it is compiled, never run. A line behind `@ts-expect-error` must be refused
// by the compiler: were a type to turn into `any`, or an empty value be denied, the compiler would say so.
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';

import { CandidateDocument, CandidatesDocument, RunProgressDocument, StartRunDocument } from './operations.js';
import type { CandidateRowFragment, CandidateState, CandidatesQuery, RunProgressSubscription } from './operations.js';

type Answer<Data> = { data?: Data | null; errors?: { message: string; extensions?: { code?: string } }[] };

async function ask<Data, Variables>(
  url: string,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: print(document), variables }),
  });
  const { data, errors } = (await response.json()) as Answer<Data>;
  if (!data) throw new Error(errors?.[0]?.message ?? 'no data');
  return data;
}

const STATE_WORDS: Partial<Record<CandidateState, string>> = { IN_POOL: 'in the pool', PROMOTED: 'promoted' };

function line(row: CandidateRowFragment): string {
  // @ts-expect-error: the person may be outside the territory
  const name: string = row.person.name;
  // @ts-expect-error: a day is a text, not an object of the language
  row.poolDate?.getFullYear();
  // @ts-expect-error: nobody asked for the version
  row.version;
  const birth: string | undefined = row.person?.birthDate?.value;
  return [row.person?.name ?? name, STATE_WORDS[row.state] ?? row.state, birth, ...row.tags].join(' ');
}

export async function candidates(url: string): Promise<string[]> {
  const lines: string[] = [];
  let after: string | null = null;
  for (;;) {
    const { reserveCandidates }: CandidatesQuery = await ask(url, CandidatesDocument, {
      first: 100,
      after,
      filter: { states: ['IN_POOL'], condition: 'KEY' },
    });
    // @ts-expect-error: a list may be refused and leave the rest of the answer
    reserveCandidates.edges;
    if (!reserveCandidates) throw new Error('refused');
    lines.push(...reserveCandidates.edges.map((edge) => line(edge.node)));
    if (!reserveCandidates.pageInfo.hasNextPage) return lines;
    after = reserveCandidates.pageInfo.endCursor;
  }
}
export async function candidate(url: string, id: string): Promise<string | null> {
  const { node } = await ask(url, CandidateDocument, { id });
  // @ts-expect-error: the type of the node is not known yet
  node?.state;
  return node?.__typename === 'ReserveCandidate' ? line(node) : null;
}

export async function start(url: string, programId: string): Promise<string> {
  // @ts-expect-error: no such state of a candidate
  await ask(url, CandidatesDocument, { first: 1, filter: { states: ['ASLEEP'] } });
  // @ts-expect-error: the mode must be said
  await ask(url, StartRunDocument, { input: { programId } });
  const { startMatchRun } = await ask(url, StartRunDocument, { input: { programId, mode: 'FINAL', seed: 7 } });
  const [refusal] = startMatchRun?.userErrors ?? [];
  if (refusal) throw new Error(`${refusal.code} at ${refusal.path.join('.')}: ${refusal.messageZh}`);
  if (!startMatchRun?.matchRun) throw new Error('no run');
  const asked: number = Date.parse(startMatchRun.matchRun.createdAt);
  return `${startMatchRun.matchRun.id} ${asked}`;
}

export function heard({ matchRunProgress: event }: RunProgressSubscription): string {
  switch (event.kind) {
    case 'STARTED':
    case 'SOLVED':
    case 'ENDED':
      return `${event.offset} at ${event.at ?? 'no time'}: ${event.progress.state}`;
    case 'FIGURES':
      return event.progress.levels.map((level) => `${level.name} ${level.gap.toFixed(4)}`).join(', ');
    default: {
      const never: never = event.kind;
      return never;
    }
  }
}

export const watched: TypedDocumentNode<RunProgressSubscription, { runId: string; after?: number | null }> =
  RunProgressDocument;
