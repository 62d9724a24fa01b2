"""Access: users, their offices, signing in, and tokens."""

from app.services.access.offices import OfficeDraft as OfficeDraft
from app.services.access.offices import end_office as end_office
from app.services.access.offices import give_office as give_office
from app.services.access.signing import SignedIn as SignedIn
from app.services.access.signing import SignInRefusedError as SignInRefusedError
from app.services.access.signing import change_password as change_password
from app.services.access.signing import sign_in as sign_in
from app.services.access.signing import sign_out as sign_out
from app.services.access.tokens import TokenDraft as TokenDraft
from app.services.access.tokens import create_own_token as create_own_token
from app.services.access.tokens import revoke_token as revoke_token
from app.services.access.users import FirstPassword as FirstPassword
from app.services.access.users import UserDraft as UserDraft
from app.services.access.users import create_user as create_user
from app.services.access.users import end_sessions as end_sessions
from app.services.access.users import first_password as first_password
from app.services.access.users import new_first_password as new_first_password
from app.services.access.users import reset_password as reset_password
from app.services.access.users import update_user as update_user
