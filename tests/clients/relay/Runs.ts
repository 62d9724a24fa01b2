// A run that is started, watched to its end, and read page by page through the plan that it made.
import { graphql } from 'relay-runtime';

export const start = graphql`
  mutation RunsStartMutation($input: StartMatchRunInput!) {
    startMatchRun(input: $input) {
      matchRun {
        id
        state
      }
      userErrors {
        code
      }
    }
  }
`;

export const watch = graphql`
  subscription RunsProgressSubscription($runId: ID!, $after: Int) {
    matchRunProgress(runId: $runId, after: $after) {
      offset
      kind
      at
      share
      progress {
        state
        solvedShareCount
      }
    }
  }
`;

export const run = graphql`
  query RunsQuery($id: ID!, $count: Int!) {
    matchRun(id: $id) {
      state
      plans {
        id
        ...Runs_items @arguments(count: $count)
      }
    }
  }
`;

export const items = graphql`
  fragment Runs_items on MatchPlan
  @argumentDefinitions(count: { type: "Int!" }, cursor: { type: "String" })
  @refetchable(queryName: "RunsItemsPaginationQuery") {
    items(first: $count, after: $cursor) @connection(key: "Runs_items") {
      pageInfo {
        endCursor
        hasNextPage
      }
      edges {
        node {
          slotCode
        }
      }
    }
  }
`;
