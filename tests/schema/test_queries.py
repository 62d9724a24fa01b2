from tests.schema.door import Door

def test_smoke(lite: Door) -> None:
    print(lite.ask("""{viewer{subject role roleLabel permissions division{name __typename}}
     reserveCandidates{totalCount nodes{id stateLabel village{name conditions{kind}} person{name idNumber} pairings{members{mentor{person{name} load pairings{mentee{... on ReserveCandidate{person{name}}}}}}}}}}"""))
