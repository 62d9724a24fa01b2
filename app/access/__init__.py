"""Who is asking, what the role may do, and the one territory filter that every read and write goes through."""

from app.access.grants import Credential as Credential
from app.access.grants import CredentialKind as CredentialKind
from app.access.grants import Grant as Grant
from app.access.permissions import EXPLICIT as EXPLICIT
from app.access.permissions import ROLES_BY_PERMISSION as ROLES_BY_PERMISSION
from app.access.permissions import Permission as Permission
from app.access.territory import CODE_LENGTH as CODE_LENGTH
from app.access.territory import code_prefix as code_prefix
from app.access.territory import covers_division as covers_division
from app.access.territory import get_in_county as get_in_county
from app.access.territory import person_clause as person_clause
from app.access.territory import require_division as require_division
from app.access.territory import territory_clause as territory_clause
from app.access.territory import viewer_for_division as viewer_for_division
from app.access.tokens import LABEL_LENGTH as LABEL_LENGTH
from app.access.tokens import create_token as create_token
from app.access.tokens import find_grant as find_grant
from app.access.tokens import grants_by_token as grants_by_token
from app.access.tokens import hash_token as hash_token
from app.access.trail import record as record
from app.access.viewers import SYSTEM_VIEWER as SYSTEM_VIEWER
from app.access.viewers import Viewer as Viewer
