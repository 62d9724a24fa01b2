// A page of candidates that grows, and one candidate fetched again by its id.
import { graphql } from 'relay-runtime';

export const query = graphql`
  query CandidatesQuery($count: Int!, $cursor: String) {
    ...Candidates_page @arguments(count: $count, cursor: $cursor)
  }
`;

export const page = graphql`
  fragment Candidates_page on Query
  @argumentDefinitions(count: { type: "Int!" }, cursor: { type: "String" })
  @refetchable(queryName: "CandidatesPaginationQuery") {
    reserveCandidates(first: $count, after: $cursor) @connection(key: "Candidates_reserveCandidates") {
      totalCount
      pageInfo {
        endCursor
        hasNextPage
      }
      edges {
        node {
          ...Candidates_row
        }
      }
    }
  }
`;

export const row = graphql`
  fragment Candidates_row on ReserveCandidate @refetchable(queryName: "CandidatesRowRefetchQuery") {
    id
    state
    tags
    version
    poolDate
    person {
      name
    }
  }
`;

export const tag = graphql`
  mutation CandidatesTagMutation($input: UpdateReserveCandidateInput!) {
    updateReserveCandidate(input: $input) {
      reserveCandidate {
        ...Candidates_row
      }
      userErrors {
        code
        message
        path
      }
    }
  }
`;
