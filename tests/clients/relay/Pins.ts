// A pin that is added and taken back: what is removed leaves the store by its id.
import { graphql } from 'relay-runtime';

export const program = graphql`
  query PinsQuery($id: ID!) {
    node(id: $id) {
      ... on PairingProgram {
        name
        pins(first: 200) {
          nodes {
            id
          }
        }
      }
    }
    mentors(first: 1) {
      nodes {
        id
      }
    }
  }
`;

export const add = graphql`
  mutation PinsAddMutation($input: AddPinInput!) {
    addPin(input: $input) {
      pin {
        id
        reason
        mentee {
          __typename
          ... on ReserveCandidate {
            ...Candidates_row @alias(as: "candidate")
          }
          ... on AssignedCadre {
            assignedFrom
          }
        }
        program {
          pins(first: 200) {
            nodes {
              id
            }
          }
        }
      }
      userErrors {
        code
      }
    }
  }
`;

export const remove = graphql`
  mutation PinsRemoveMutation($input: RemovePinInput!) {
    removePin(input: $input) {
      removedId @deleteRecord
      userErrors {
        code
      }
    }
  }
`;
